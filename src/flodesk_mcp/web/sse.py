"""Server-sent events, the transport of older clients: a connection that stays open, and messages beside it."""

import contextvars
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import anyio
from mcp.server.lowlevel.server import Server
from mcp.server.runner import serve_dual_era_loop
from mcp.server.sse import SseServerTransport
from mcp.shared._context_streams import ContextReceiveStream  # what connect_sse yields has no other name
from mcp.shared.message import SessionMessage
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.settings import PersonalData
from flodesk_mcp.web.auth.access import User
from flodesk_mcp.web.callers import WebCallers

__all__ = ["MESSAGES_PATH", "SseConnections"]

MESSAGES_PATH = "/messages/"
MAX_CONNECTIONS = 1000
IDLE_SECONDS = 1800


class SseConnections:
    """The open connections, each with the limits that it was opened with."""

    def __init__(self, server: Server[Any], callers: WebCallers, max_body_bytes: int) -> None:
        self._server = server
        self._callers = callers
        self._transport = SseServerTransport(MESSAGES_PATH, max_request_body_size=max_body_bytes)
        self._open = 0
        self.messages: ASGIApp = self._transport.handle_post_message

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until the client leaves it, or says nothing for half an hour."""
        if self._open >= MAX_CONNECTIONS:
            return await PlainTextResponse("Too many connections.\n", 503)(scope, receive, send)
        user = scope["user"]
        opened_with = user.tool_filter if isinstance(user, User) else ToolFilter()
        personal_data: PersonalData = user.personal_data if isinstance(user, User) else "masked"
        self._open += 1
        try:
            async with self._transport.connect_sse(scope, receive, send) as (incoming, outgoing):
                await serve_dual_era_loop(
                    self._server,
                    _Watched(incoming),
                    outgoing,
                    lifespan_state=replace(
                        self._callers, connection=opened_with, connection_personal_data=personal_data
                    ),
                )
        finally:
            self._open -= 1


class _Watched:
    """The messages of a connection, which ends when none has come for half an hour."""

    def __init__(self, incoming: ContextReceiveStream[SessionMessage | Exception]) -> None:
        self._incoming = incoming

    @property
    def last_context(self) -> contextvars.Context | None:
        return self._incoming.last_context

    async def receive(self) -> SessionMessage | Exception:
        with anyio.move_on_after(IDLE_SECONDS):
            return await self._incoming.receive()
        await self.aclose()  # whoever asks again must find the end, too
        raise anyio.EndOfStream

    async def aclose(self) -> None:
        await self._incoming.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
