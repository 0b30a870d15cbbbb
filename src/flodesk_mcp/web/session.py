"""One session of the older revisions, while it is in memory: its connection, and the questions that are open in it."""

import logging
import secrets
from collections.abc import Mapping
from typing import Any

import anyio
from mcp.server.connection import Connection
from mcp.server.lowlevel.server import Server
from mcp.server.runner import serve_connection
from mcp.server.streamable_http import StreamableHTTPServerTransport
from mcp.shared.dispatcher import CallOptions
from mcp.shared.exceptions import MCPError
from mcp.shared.jsonrpc_dispatcher import JSONRPCDispatcher
from mcp.shared.transport_context import TransportContext
from mcp_types import CONNECTION_CLOSED, RequestId
from starlette.types import Receive, Scope, Send

from flodesk_mcp.tools.confirmation import ANSWER_SECONDS
from flodesk_mcp.web.callers import WebCallers
from flodesk_mcp.web.session_id import Owner, SessionStart

__all__ = ["IDLE_SECONDS", "Session"]

IDLE_SECONDS = 600

logger = logging.getLogger(__name__)


class Session:
    """The part of a session that one process holds. It ends when nothing has been asked of it for ten minutes."""

    def __init__(self, session_id: str, start: SessionStart, owner: Owner) -> None:
        self.id = session_id
        self.owner = owner
        self.calls = 0
        self._start = start
        self._transport = StreamableHTTPServerTransport(session_id, idle_timeout=IDLE_SECONDS)
        self._ready = anyio.Event()
        self._questions: dict[str, anyio.CancelScope] = {}

    @property
    def has_ended(self) -> bool:
        """Whether it serves no more."""
        idle = self._transport.idle_scope
        return self._transport.is_terminated or (idle is not None and idle.cancel_called)

    def awaits(self, answer_id: object) -> bool:
        """Tell whether a question of that id is open."""
        return answer_id in self._questions

    async def serve(self, server: Server[Any], callers: WebCallers) -> None:
        """Answer what `handle` brings, until the session ends. It goes on where `initialize` left it."""
        try:
            async with self._transport.connect() as (incoming, outgoing):
                self._ready.set()
                with self._transport.idle_scope or anyio.CancelScope():
                    dispatcher = _Dispatcher(self._questions, incoming, outgoing)
                    connection = Connection.from_envelope(
                        self._start.revision, self._start.client, self._start.capabilities, outbound=dispatcher
                    )
                    await serve_connection(server, dispatcher, connection=connection, lifespan_state=callers)
        except Exception:
            logger.exception("A session crashed")
        finally:
            await self.end()

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_call = scope["method"] == "POST"
        self.calls += is_call
        try:
            if not self._ready.is_set():
                await self._ready.wait()
            await self._transport.handle_request(scope, receive, send)
        finally:
            self.calls -= is_call

    def withdraw_questions(self) -> None:
        """Let the calls that wait for a person fail, while their answers still arrive."""
        for question in self._questions.values():
            question.cancel()

    async def end(self) -> None:
        """Serve no more, and close what is open."""
        self._ready.set()
        if not self._transport.is_terminated:
            with anyio.CancelScope(shield=True):
                await self._transport.terminate()


class _Dispatcher(JSONRPCDispatcher[TransportContext]):
    """Asks the client under ids that no other process, and no other time, has used: a late answer fits no other."""

    def __init__(self, questions: dict[str, anyio.CancelScope], incoming: Any, outgoing: Any) -> None:
        super().__init__(incoming, outgoing)
        self._questions = questions

    async def send_raw_request(
        self,
        method: str,
        params: Mapping[str, Any] | None,
        opts: CallOptions | None = None,
        *,
        _related_request_id: RequestId | None = None,
    ) -> dict[str, Any]:
        name = f"ask-{secrets.token_hex(8)}"
        options: CallOptions = {"timeout": ANSWER_SECONDS, **(opts or {}), "request_id": name}
        with anyio.CancelScope() as scope:
            self._questions[name] = scope
            try:
                return await super().send_raw_request(method, params, options, _related_request_id=_related_request_id)
            finally:
                del self._questions[name]
        raise MCPError(CONNECTION_CLOSED, "This server is stopping.")
