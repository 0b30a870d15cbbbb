"""The process: uvicorn with a deadline for the head of a request and for the end of the process."""

import asyncio
import contextlib
import socket

import uvicorn
from sse_starlette.sse import AppStatus
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["HeadDeadlineProtocol", "run"]

MAX_HEADER_SECONDS = 15
KEEP_ALIVE_SECONDS = 30
CALLS_MAY_TAKE_SECONDS = 5
SHUTDOWN_SECONDS = 8
MAX_CONNECTIONS = 5000


class HeadDeadlineProtocol(H11Protocol):
    """HTTP/1.1, and a limit on the time that the head of a request may take: uvicorn has none."""

    _head_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """Start the deadline for the head of the first request."""
        super().connection_made(transport)
        self._start_deadline(MAX_HEADER_SECONDS)

    def handle_events(self) -> None:
        """Read what came, and end the deadline once the head of a request is complete."""
        super().handle_events()
        if self.cycle is not None and not self.cycle.response_complete:
            self._end_deadline()

    def on_response_complete(self) -> None:
        """Start the deadline for the head of the next request."""
        self._start_deadline(KEEP_ALIVE_SECONDS + MAX_HEADER_SECONDS)
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the deadline."""
        self._end_deadline()
        super().connection_lost(exc)

    def _start_deadline(self, seconds: float) -> None:
        self._end_deadline()
        self._head_deadline = self.loop.call_later(seconds, self.transport.abort)

    def _end_deadline(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None


class _GracefulServer(uvicorn.Server):
    """Lets running calls end, those first that wait for a person, then closes the streams that would stay open."""

    def __init__(self, config: uvicorn.Config, app: Starlette) -> None:
        super().__init__(config)
        self._withdraw_questions = app.state.withdraw_questions

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        def close_streams() -> None:
            AppStatus.should_exit = True

        self._withdraw_questions()
        closing = asyncio.get_running_loop().call_later(CALLS_MAY_TAKE_SECONDS, close_streams)
        try:
            await super().shutdown(sockets)
        finally:
            closing.cancel()


def run(app: Starlette, host: str, port: int) -> None:
    """Serve `app` until the process is told to stop, then finish what is under way within a few seconds."""
    # Left to itself, sse-starlette breaks off every answer at the first signal.
    AppStatus.enable_automatic_graceful_drain = False
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=HeadDeadlineProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        limit_concurrency=MAX_CONNECTIONS,
    )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again after an orderly end
        _GracefulServer(config, app).run()
