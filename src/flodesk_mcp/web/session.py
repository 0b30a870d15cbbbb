"""One session of the older revisions, while it is in memory: its connection, and the questions that are open in it.

Several processes may hold parts of one session. What the server says by itself goes to the one that has the client's
stream, an answer to the one that has asked.
"""

import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from mcp.server.connection import Connection
from mcp.server.lowlevel.server import Server
from mcp.server.runner import serve_connection
from mcp.server.streamable_http import StreamableHTTPServerTransport
from mcp.shared.dispatcher import CallOptions
from mcp.shared.exceptions import MCPError
from mcp.shared.jsonrpc_dispatcher import JSONRPCDispatcher
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from mcp.shared.transport_context import TransportContext
from mcp_types import (
    CONNECTION_CLOSED,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCResponse,
    RequestId,
    jsonrpc_message_adapter,
)
from starlette.types import Receive, Scope, Send

from flodesk_mcp.messages import Messages
from flodesk_mcp.tools.confirmation import ANSWER_SECONDS
from flodesk_mcp.web.callers import WebCallers
from flodesk_mcp.web.questions import expect_answer
from flodesk_mcp.web.session_id import Owner, SessionStart

__all__ = ["IDLE_SECONDS", "Session"]

IDLE_SECONDS = 600
MOST_UNSAID = 100
"""Messages for a stream that its client does not read."""

logger = logging.getLogger(__name__)


class Session:
    """The part of a session that one process holds. It ends when nothing has been asked of it for ten minutes."""

    def __init__(self, session_id: str, start: SessionStart, owner: Owner, messages: Messages) -> None:
        self.id = session_id
        self.name = start.name
        self.owner = owner
        self.calls = 0
        self._start = start
        self._transport = StreamableHTTPServerTransport(session_id, idle_timeout=IDLE_SECONDS)
        self._ready = anyio.Event()
        self._questions: dict[str, anyio.CancelScope] = {}
        self._messages = messages
        self._streams = 0
        self._said_elsewhere: MemoryObjectSendStream[JSONRPCMessage] | None = None

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
                    ways = _Ways(outgoing, self._is_read_elsewhere, self._say_elsewhere)
                    dispatcher = _Dispatcher(self.name, self._questions, self._messages, incoming, ways)
                    connection = Connection.from_envelope(
                        self._start.revision, self._start.client, self._start.capabilities, outbound=dispatcher
                    )
                    async with self._hearing_others(outgoing):
                        await serve_connection(server, dispatcher, connection=connection, lifespan_state=callers)
        except Exception:
            logger.exception("A session crashed")
        finally:
            await self.end()

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_call, is_stream = scope["method"] == "POST", scope["method"] == "GET"
        self.calls += is_call
        self._streams += is_stream
        stop = self._messages.listen(self._topic, self._heard) if is_stream else None
        try:
            if not self._ready.is_set():
                await self._ready.wait()
            await self._transport.handle_request(scope, receive, send)
        finally:
            self.calls -= is_call
            self._streams -= is_stream
            if stop:
                stop()

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

    @property
    def _topic(self) -> str:
        return f"stream {self.name}"

    def _is_read_elsewhere(self) -> bool:
        return not self._streams

    def _say_elsewhere(self, message: JSONRPCMessage) -> None:
        self._messages.publish(self._topic, message.model_dump_json(by_alias=True, exclude_unset=True).encode())

    def _heard(self, message: bytes) -> None:
        if self._said_elsewhere is not None:
            with suppress(anyio.WouldBlock):  # a client that does not read misses it
                self._said_elsewhere.send_nowait(jsonrpc_message_adapter.validate_json(message, by_name=False))

    @asynccontextmanager
    async def _hearing_others(self, outgoing: Any) -> AsyncIterator[None]:
        """Send the client, for the block, what other processes have to say to it."""
        self._said_elsewhere, to_say = anyio.create_memory_object_stream[JSONRPCMessage](MOST_UNSAID)

        async def say() -> None:
            async for message in to_say:
                await outgoing.send(SessionMessage(message))

        with self._said_elsewhere, to_say:
            async with anyio.create_task_group() as beside:
                beside.start_soon(say)
                yield
                beside.cancel_scope.cancel()


class _Ways:
    """Where messages of the server go: to the client by this process, or by another one that has its stream."""

    def __init__(self, outgoing: Any, elsewhere: Callable[[], bool], say: Callable[[JSONRPCMessage], None]) -> None:
        self._outgoing = outgoing
        self._is_elsewhere = elsewhere
        self._say_elsewhere = say

    async def send(self, item: SessionMessage) -> None:
        """Send what belongs to a request with its answer, and all else to where the stream is."""
        by_itself = isinstance(item.message, JSONRPCNotification) and not (
            isinstance(item.metadata, ServerMessageMetadata) and item.metadata.related_request_id is not None
        )
        if by_itself and self._is_elsewhere():
            self._say_elsewhere(item.message)
        else:
            await self._outgoing.send(item)

    async def aclose(self) -> None:
        """Send no more."""
        await self._outgoing.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class _Dispatcher(JSONRPCDispatcher[TransportContext]):
    """Asks the client under ids that no other process, and no other time, has used: a late answer fits no other."""

    def __init__(
        self, session: str, questions: dict[str, anyio.CancelScope], messages: Messages, incoming: Any, outgoing: Any
    ) -> None:
        super().__init__(incoming, outgoing)
        self._session = session
        self._questions = questions
        self._messages = messages

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
        stop = expect_answer(self._messages, self._session, name, self._answered_elsewhere)
        with anyio.CancelScope() as scope:
            self._questions[name] = scope
            try:
                await self._messages.ready()
                return await super().send_raw_request(method, params, options, _related_request_id=_related_request_id)
            finally:
                del self._questions[name]
                stop()
        raise MCPError(CONNECTION_CLOSED, "This server is stopping.")

    def _answered_elsewhere(self, answer: Any) -> None:
        message = jsonrpc_message_adapter.validate_python(answer, by_name=False)
        if isinstance(message, JSONRPCResponse):
            self._resolve_pending(message.id, message.result)
        elif isinstance(message, JSONRPCError):
            self._resolve_pending(message.id, message.error)
