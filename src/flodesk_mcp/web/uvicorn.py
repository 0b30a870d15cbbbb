"""The process: uvicorn with deadlines for heads of requests, answers and its own end, and a limit on connections."""

import asyncio
import contextlib
import signal
import socket
from functools import partial
from typing import Any

import uvicorn
from sse_starlette.sse import AppStatus
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from flodesk_mcp.web.connections import Connections, probes_only
from flodesk_mcp.web.open_files import ACCEPTED_AT_ONCE, connection_limit, raise_file_limit

__all__ = ["BoundedProtocol", "run"]

MAX_HEADER_SECONDS = 15
UNREAD_SECONDS = 30
SEND_BUFFER_BYTES = 64 * 1024
KEEP_ALIVE_SECONDS = 30
CALLS_MAY_TAKE_SECONDS = 5
SHUTDOWN_SECONDS = 8
NOTICED_SECONDS = 2.0
"""Proxies that look at /readyz do so every few seconds; the others notice when nobody accepts any more."""

SENT_SECONDS = 0.3
WAITING_CONNECTIONS = 2048


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 with limits that uvicorn has not: how long a head may take, an answer stay unread; how many connect."""

    _head_deadline: asyncio.TimerHandle | None = None
    _read_deadline: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, connections: Connections, **more: Any) -> None:
        super().__init__(*args, **more)
        self._room = connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """Start the deadline for the head of the first request."""
        super().connection_made(transport)
        # What a client does not read must show here at once, and not be hidden by megabytes of buffers.
        transport.set_write_buffer_limits(high=0)
        if (connected := transport.get_extra_info("socket")) is not None:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._start_deadline(MAX_HEADER_SECONDS)
        if not self._room.enter(self):
            self.app = probes_only(self.app)

    def handle_events(self) -> None:
        """Read what came, and end the deadline once the head of a request is complete."""
        super().handle_events()
        if self.cycle is not None and not self.cycle.response_complete:
            if self._room.closing:
                self.cycle.keep_alive = False
            self._end_deadline()
            self._room.busy(self)

    def on_response_complete(self) -> None:
        """Start the deadline for the head of the next request."""
        self._start_deadline(KEEP_ALIVE_SECONDS + MAX_HEADER_SECONDS)
        self._room.resting(self)
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Start the deadline for the client to read what was sent."""
        super().pause_writing()
        self._read_deadline = self.loop.call_later(UNREAD_SECONDS, self.cut)

    def resume_writing(self) -> None:
        """End it once the client has."""
        self._end_read_deadline()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the deadlines."""
        self._end_deadline()
        self._end_read_deadline()
        self._room.leave(self)
        super().connection_lost(exc)

    def cut(self) -> None:
        """Close at once, whatever is under way."""
        self.transport.abort()

    def _start_deadline(self, seconds: float) -> None:
        self._end_deadline()
        self._head_deadline = self.loop.call_later(seconds, self.cut)

    def _end_deadline(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _end_read_deadline(self) -> None:
        if self._read_deadline is not None:
            self._read_deadline.cancel()
            self._read_deadline = None


class _GracefulServer(uvicorn.Server):
    """Says that it ends, and lets running calls end, those first that wait for a person; then closes all streams.

    Among replicas it says so for a while before it accepts nobody any more, so that a proxy looks for others. Who
    connected by then is served.
    """

    def __init__(self, config: uvicorn.Config, app: Starlette, connections: Connections) -> None:
        super().__init__(config)
        self._stop = app.state.stop
        self._noticed_after = NOTICED_SECONDS if app.state.has_replicas else 0.0
        self._room = connections

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in (each for server in self.servers for each in server.sockets):
            with listening.dup() as same:  # asyncio has one number for what waits and what is accepted at once
                same.listen(WAITING_CONNECTIONS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        def close_streams() -> None:
            AppStatus.should_exit = True

        self._stop()
        self._room.closing = True
        if signal.SIGINT not in self._captured_signals:  # nobody is to wait who presses Ctrl-C
            await asyncio.sleep(self._noticed_after)
        await self._accept_the_last()
        closing = asyncio.get_running_loop().call_later(CALLS_MAY_TAKE_SECONDS, close_streams)
        try:
            await super().shutdown(sockets)
        finally:
            closing.cancel()

    async def _accept_the_last(self) -> None:
        """Take in those who are connected already, though not accepted yet, and then nobody."""
        loop = asyncio.get_running_loop()
        late = []
        for server in self.servers:
            for listening in server.sockets:
                with listening.dup() as same, contextlib.suppress(BlockingIOError, ConnectionError):
                    while True:
                        late.append(same.accept()[0])
            server.close()
        for accepted in late:
            accepted.setblocking(False)
            await loop.connect_accepted_socket(self._protocol, accepted)
        if late or self.server_state.connections:
            await asyncio.sleep(SENT_SECONDS)  # what they have sent is on its way

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg] # as uvicorn does it
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


def run(app: Starlette, host: str, port: int, trusted_proxies: str = "") -> None:
    """Serve `app` until the process is told to stop, then finish what is under way within a few seconds.

    What `trusted_proxies` say of where a request comes from is believed.
    """
    # Left to itself, sse-starlette breaks off every answer at the first signal.
    AppStatus.enable_automatic_graceful_drain = False
    raise_file_limit()
    connections = Connections(connection_limit())
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=partial(BoundedProtocol, connections=connections),  # type: ignore[arg-type] # is called
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=trusted_proxies,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        backlog=ACCEPTED_AT_ONCE,
    )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again after an orderly end
        _GracefulServer(config, app, connections).run()
