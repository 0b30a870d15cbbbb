"""Where Flodesk's webhooks post: `/webhooks/ACCOUNT/SECRET`."""

from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from flodesk_mcp.events.errors import InboxFull, NotRead
from flodesk_mcp.events.inbox import Inbox
from flodesk_mcp.events.payload import announced_by
from flodesk_mcp.store import Announced, Post, StoredReceivers, StoreError, Taken
from flodesk_mcp.web.middleware import WEBHOOKS_PATH, BodyDeadline

__all__ = ["webhook_route"]

MAX_BODY_BYTES = 64 * 1024
BUSY = {"Retry-After": "1"}
ANSWERS = {
    Taken.STORED: (200, "Stored.\n"),
    Taken.REPEATED: (200, "Stored before.\n"),
    Taken.UNREADABLE: (400, "This is no event.\n"),
    Taken.UNKNOWN: (404, "Not Found"),  # as where there is no such path
}

OUTCOMES = {200: "stored", 400: "refused", 404: "refused", 413: "refused", 429: "busy", 503: "failed"}
"""By the status of the answer, for who counts them."""


def webhook_route(inbox: Inbox, count: Callable[[str], None] | None = None) -> Route:
    """Return the route of the receiver. Who posts proves it by the secret: no other proof is asked for.

    `count` is told what became of each post, in one of few words.
    """
    return Route(f"{WEBHOOKS_PATH}{{account}}/{{secret}}", BodyDeadline(_Receiver(inbox, count)), methods=["POST"])


class _Receiver:
    """Answers 200 to what is stored, and to nothing else."""

    def __init__(self, inbox: Inbox, count: Callable[[str], None] | None) -> None:
        self._inbox = inbox
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            answer = await self._answer(request)
            if self._count:
                self._count(OUTCOMES[answer.status_code])
        except ClientDisconnect:
            return
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > MAX_BODY_BYTES:
                return PlainTextResponse("An event is at most 64 KiB.\n", 413, {"Connection": "close"})
        account, secret = request.path_params["account"], request.path_params["secret"]
        if not StoredReceivers.knows(secret):
            return _answered(Taken.UNKNOWN)
        try:
            return _answered(await self._inbox.take(Post(account, secret, _read(bytes(content)))))
        except InboxFull:
            return PlainTextResponse("Too many events at once.\n", 429, BUSY)
        except StoreError:
            return PlainTextResponse("The event could not be stored: post it again.\n", 503, BUSY)


def _answered(taken: Taken) -> Response:
    status, words = ANSWERS[taken]
    return PlainTextResponse(words, status)


def _read(body: bytes) -> Announced | None:
    try:
        return announced_by(body)
    except NotRead:  # said only to those who know the secret
        return None
