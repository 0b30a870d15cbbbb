"""One connection of server-sent events: its messages, how many of them wait for an answer, and its end."""

import contextvars
from collections import deque
from types import TracebackType
from typing import Self

import anyio
from mcp.shared._context_streams import ContextReceiveStream, ContextSendStream  # connect_sse yields these
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from mcp_types import JSONRPCError, JSONRPCRequest, JSONRPCResponse, RequestId
from starlette.requests import Request
from starlette.types import Scope

__all__ = ["Incoming", "Outgoing", "Posted", "Unanswered"]

IDLE_SECONDS = 1800
MAX_UNANSWERED = 16
MAX_UNANSWERED_BYTES = 2 * 1024 * 1024
"""Of several messages together: sixteen of the largest would be too much for one connection."""

POSTED = "flodesk_mcp.posted"


class Posted:
    """A message of a client, from its arrival until it is answered."""

    def __init__(self, waiting: "Unanswered", size: int) -> None:
        self._waiting = waiting
        self.size = size
        self.awaits_answer = False

    def mark(self, scope: Scope) -> None:
        """Let whoever reads the message find this by its request."""
        scope[POSTED] = self

    async def end(self) -> None:
        """Make room for another one. Once is enough."""
        self._waiting.forget(self)


class Unanswered:
    """The messages of a connection that wait for an answer: only so many, and so many bytes."""

    def __init__(self) -> None:
        self._posted: set[Posted] = set()
        self._by_id: dict[RequestId, deque[Posted]] = {}

    def post(self, size: int) -> Posted | None:
        """Return a place for a message of `size` bytes, None while there is none."""
        held = sum(posted.size for posted in self._posted)
        if self._posted and (len(self._posted) >= MAX_UNANSWERED or held + size > MAX_UNANSWERED_BYTES):
            return None
        posted = Posted(self, size)
        self._posted.add(posted)
        return posted

    def asked(self, request: RequestId, posted: Posted) -> None:
        """Know that a message is a request, which is answered under its id."""
        posted.awaits_answer = True
        self._by_id.setdefault(request, deque()).append(posted)

    def answered(self, request: RequestId) -> None:
        """Know that a request of that id is answered."""
        while waiting := self._by_id.get(request):
            posted = waiting.popleft()
            if not waiting:
                del self._by_id[request]
            if posted in self._posted:  # and was not cancelled
                return self.forget(posted)
        return None

    def forget(self, posted: Posted) -> None:
        """Make room for another message."""
        self._posted.discard(posted)


class Incoming:
    """The messages of a connection, which ends when none has come for half an hour."""

    def __init__(self, incoming: ContextReceiveStream[SessionMessage | Exception], unanswered: Unanswered) -> None:
        self._incoming = incoming
        self._unanswered = unanswered

    @property
    def last_context(self) -> contextvars.Context | None:
        """What surrounded the sending of the latest message."""
        return self._incoming.last_context

    async def receive(self) -> SessionMessage | Exception:
        """Return the next message, or what was wrong with it. Raises EndOfStream."""
        with anyio.move_on_after(IDLE_SECONDS):
            return self._counted(await self._incoming.receive())
        await self.aclose()  # whoever asks again must find the end, too
        raise anyio.EndOfStream

    def _counted(self, item: SessionMessage | Exception) -> SessionMessage | Exception:
        if not isinstance(item, SessionMessage) or not isinstance(item.message, JSONRPCRequest):
            return item
        metadata = item.metadata
        if isinstance(metadata, ServerMessageMetadata) and isinstance(metadata.request_context, Request):
            posted: Posted = metadata.request_context.scope[POSTED]
            self._unanswered.asked(item.message.id, posted)
            metadata.on_request_unanswered = posted.end
        return item

    async def aclose(self) -> None:
        """Take no more messages."""
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


class Outgoing:
    """What a connection is sent. A request counts as answered once the connection has taken its answer."""

    def __init__(self, outgoing: ContextSendStream[SessionMessage], unanswered: Unanswered) -> None:
        self._outgoing = outgoing
        self._unanswered = unanswered

    async def send(self, item: SessionMessage) -> None:
        """Hand `item` over to the client, or wait until it can be."""
        await self._outgoing.send(item)
        if isinstance(item.message, JSONRPCResponse | JSONRPCError) and item.message.id is not None:
            self._unanswered.answered(item.message.id)

    async def aclose(self) -> None:
        """Send no more."""
        await self._outgoing.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
