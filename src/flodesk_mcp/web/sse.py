"""Server-sent events, the transport of older clients: a connection that stays open, and messages beside it."""

import re
from collections import Counter
from collections.abc import Hashable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from uuid import UUID

import anyio
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import authorization_context
from mcp.server.lowlevel.server import Server
from mcp.server.runner import serve_dual_era_loop
from mcp.server.sse import SseServerTransport
from mcp.server.transport_security import RequestBodyLimitMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.settings import PersonalData
from flodesk_mcp.web.auth.principal import User
from flodesk_mcp.web.callers import WebCallers
from flodesk_mcp.web.open_files import connection_limit
from flodesk_mcp.web.replicas import Replicas
from flodesk_mcp.web.sse_elsewhere import pass_message_on, take_messages
from flodesk_mcp.web.sse_stream import Incoming, Outgoing, Unanswered

__all__ = ["MESSAGES_PATH", "SseConnections"]

MESSAGES_PATH = "/messages/"
MAX_CONNECTIONS = 1000
MAX_CONNECTIONS_EACH = 20

_SESSION = re.compile(rb"session_id=([0-9a-f]{32})")


class SseConnections:
    """The open connections, each with the limits that it was opened with."""

    def __init__(self, server: Server[Any], callers: WebCallers, max_body_bytes: int, replicas: Replicas) -> None:
        self._server = server
        self._replicas = replicas
        self._elsewhere = RequestBodyLimitMiddleware(self._pass_on, max_body_bytes)
        self._from_elsewhere = AuthContextMiddleware(self.messages)
        self._callers = callers
        self._max_body_bytes = max_body_bytes
        self._transport = SseServerTransport(MESSAGES_PATH, max_request_body_size=max_body_bytes)
        self._open: Counter[Hashable] = Counter()
        self._unanswered: dict[str, Unanswered] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until the client leaves it, or says nothing for half an hour."""
        user = scope["user"]
        who = tuple(authorization_context(user).values()) if isinstance(user, User) else None
        if self._open[who] >= MAX_CONNECTIONS_EACH:
            return await _refused("You have too many connections open.", 429)(scope, receive, send)
        if self._open.total() >= min(MAX_CONNECTIONS, connection_limit() // 2):
            return await _refused("Too many connections.", 503)(scope, receive, send)
        opened_with = user.tool_filter if isinstance(user, User) else ToolFilter()
        personal_data: PersonalData = user.personal_data if isinstance(user, User) else "masked"
        unanswered = Unanswered()
        session, closing = "", ExitStack()

        async def send_named(message: Message) -> None:
            nonlocal session
            # The transport makes the name of a connection, and tells it the client alone.
            if not session and (found := _SESSION.search(message.get("body", b""))):
                session = found[1].decode()
                self._unanswered[session] = unanswered
                if isinstance(user, User):
                    others = self._replicas.messages
                    closing.callback(take_messages(others, session, user, self._from_elsewhere, tasks))
                    await others.ready()
            await send(message)

        self._open[who] += 1
        try:
            async with anyio.create_task_group() as tasks:
                async with self._transport.connect_sse(scope, receive, send_named) as (incoming, outgoing):
                    await serve_dual_era_loop(
                        self._server,
                        Incoming(incoming, unanswered),
                        Outgoing(outgoing, unanswered),
                        lifespan_state=replace(
                            self._callers, connection=opened_with, connection_personal_data=personal_data
                        ),
                    )
                tasks.cancel_scope.cancel()
        finally:
            closing.close()
            self._unanswered.pop(session, None)
            self._open[who] -= 1
            self._open += Counter()  # forgets who has none

    async def messages(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a message for an open connection, unless too many of its messages wait for their answers."""
        connection = HTTPConnection(scope)
        unanswered = self._unanswered.get(session := _session_of(connection))
        if unanswered is None and session and self._replicas.are_many and isinstance(scope["user"], User):
            return await self._elsewhere(scope, receive, send)
        if unanswered is None:
            return await self._transport.handle_post_message(scope, receive, send)
        length = connection.headers.get("content-length", "")
        posted = unanswered.post(int(length) if length.isdecimal() else self._max_body_bytes)
        if posted is None:
            return await _refused("Too many messages wait for their answers.", 429)(scope, receive, send)
        posted.mark(scope)
        try:
            await self._transport.handle_post_message(scope, receive, send)
        finally:
            if not posted.awaits_answer:
                await posted.end()

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = _session_of(HTTPConnection(scope))
        await pass_message_on(self._replicas.messages, session, scope, receive, send)


def _session_of(connection: HTTPConnection) -> str:
    """Return the name of the connection that a message is for, in whatever form the transport would take it."""
    try:
        return UUID(hex=connection.query_params.get("session_id", "")).hex
    except ValueError:
        return ""


def _refused(reason: str, status: int) -> PlainTextResponse:
    return PlainTextResponse(f"{reason}\n", status, {"Retry-After": "5"})
