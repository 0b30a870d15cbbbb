"""The way to a sandbox without a network: an httpx2 transport that calls the application in process."""

from collections.abc import AsyncIterator, Callable

import anyio
import anyio.lowlevel
import httpx2
from starlette.types import ASGIApp, Message, Scope

from flodesk_mcp.sandbox.faults import FaultQueue


class InProcessTransport(httpx2.AsyncBaseTransport):
    """Behaves as a connection to the application would: refused, broken, too slow, answered chunk by chunk.

    httpx2's own ASGITransport knows neither broken connections nor timeouts.
    """

    def __init__(self, app: ASGIApp, faults: FaultQueue) -> None:
        self._app = app
        self._faults = faults

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request.

        Raises:
            httpx2.ConnectError: refused, nothing was sent.
            httpx2.RemoteProtocolError: the connection broke before the answer was complete.
            httpx2.ReadTimeout: no answer within the request's own limit.

        """
        await anyio.lowlevel.checkpoint()  # as on a network, others get their turn
        exchange = _Exchange(await request.aread())
        path = request.url.raw_path.partition(b"?")[0]
        if self._faults.take_refusal(request.method, path.decode()):
            raise httpx2.ConnectError("Connection refused", request=request)
        patience = request.extensions.get("timeout", {}).get("read")
        with anyio.move_on_after(patience) as waiting:
            await self._app(_scope(request, path), exchange.receive, exchange.send)
        if waiting.cancelled_caught:
            raise httpx2.ReadTimeout("No answer in time", request=request)
        if not exchange.complete:
            raise httpx2.RemoteProtocolError("Connection lost", request=request)
        return httpx2.Response(
            exchange.start["status"], headers=exchange.start["headers"], stream=_Chunks(exchange.chunks)
        )


class ByHost(httpx2.AsyncBaseTransport):
    """Leads to one of several services, as `to` says of the host in a URL."""

    def __init__(self, to: Callable[[str], httpx2.AsyncBaseTransport]) -> None:
        self._to = to

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request to where it is meant for."""
        return await self._to(request.url.host).handle_async_request(request)


class _Exchange:
    """The application's side of one request: the body it reads, the answer it gives."""

    def __init__(self, body: bytes) -> None:
        self._unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        self.start: Message = {}
        self.chunks: list[bytes] = []
        self.complete = False

    async def receive(self) -> Message:
        if not self._unread:
            await anyio.sleep_forever()  # the caller never hangs up, it cancels
        return self._unread.pop()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.chunks.append(message.get("body", b""))
            self.complete = not message.get("more_body", False)


class _Chunks(httpx2.AsyncByteStream):
    """An answer's body as it was sent, so that a reader can stop halfway."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


def _scope(request: httpx2.Request, path: bytes) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": path,
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "server": (request.url.host, request.url.port),
        "client": ("127.0.0.1", 0),
    }
