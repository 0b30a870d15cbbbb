"""What every request passes before an operation sees it: records, faults, authentication, quota."""

from collections import deque
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flodesk_mcp.sandbox.door import Door
from flodesk_mcp.sandbox.faults import AFTER_THE_WORK, FaultQueue, answer_of
from flodesk_mcp.sandbox.recorded import RecordedRequest, record

CONTROL_PREFIX = "/_sandbox/"


class Gate:
    """Middleware in front of the operations; they find the caller's account in `request.state.account`."""

    def __init__(self, app: ASGIApp, *, door: Door, faults: FaultQueue, requests: deque[RecordedRequest]) -> None:
        self._app = app
        self._door = door
        self._faults = faults
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or let it through."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PREFIX):
            await self._app(scope, receive, send)
            return
        # Routing sees the raw path from here on: whether a sign was encoded matters to Flodesk.
        scope["path"] = path = scope["raw_path"].decode("latin-1")
        request = Request(scope, receive)
        body = await request.body()
        recorded = record(request, path, body)
        self._requests.append(recorded)

        fault = self._faults.take(request.method, path)
        account, refusal = self._door.admit(request, path)
        request.state.account = account
        answer: ASGIApp = refusal or self._app
        sending = _completing(send, recorded, self._door.headers(account))
        if fault is None:
            await answer(scope, _replaying(body, receive), sending)
            return
        if fault.kind in AFTER_THE_WORK:
            await answer(scope, _replaying(body, receive), _discard)
        await answer_of(fault, self._door.refuse)(scope, receive, sending)


def _replaying(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that hands out a body once more that has been read already."""
    unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return unread.pop() if unread else await receive()

    return replay


def _completing(send: Send, recorded: RecordedRequest, headers: Mapping[str, str]) -> Send:
    """Return a `send` that adds headers, and records the status once the answer is complete."""
    status = 0

    async def complete(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            MutableHeaders(scope=message).update(headers)
        await send(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            recorded.status = status

    return complete


async def _discard(message: Message) -> None:
    """Send nothing: the work is done, and the answer is lost."""
