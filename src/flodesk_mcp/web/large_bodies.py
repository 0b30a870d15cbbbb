"""Large bodies of requests: each costs all other callers time, so they come one after the other, with pauses."""

from collections import Counter, deque
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

import anyio
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser, authorization_context
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["MAX_BODY_BYTES", "LargeBodies", "Turns"]

MAX_BODY_BYTES = 1024 * 1024
LARGE_BYTES = 64 * 1024
MAX_VALUES = 20_000
"""Twice of what the arguments of a tool may hold: this is counted without reading the JSON, and only roughly."""

MAX_HELD_EACH = 16
SECONDS_APART = 0.1
REFUSED_AFTER_SECONDS = 1.0
"""Who sends such bodies in a row is slowed down by that, and nobody else."""


class Turns:
    """Lets large bodies in one at a time, 10 a second in all, and each caller to its turn, however many others send."""

    def __init__(self) -> None:
        self._next_at = float("-inf")
        self._all = anyio.Lock()
        self._own: WeakValueDictionary[Hashable, anyio.Lock] = WeakValueDictionary()
        self._held: Counter[Hashable] = Counter()

    @contextmanager
    def held(self, caller: Hashable) -> Iterator[bool]:
        """Count a body of `caller` for as long as it takes up memory; tell whether there may be one more."""
        self._held[caller] += 1
        try:
            yield self._held[caller] <= MAX_HELD_EACH
        finally:
            self._held[caller] -= 1
            self._held += Counter()  # forgets who has none

    async def wait(self, caller: Hashable) -> None:
        """Return when it is the turn of a body of `caller`."""
        own = self._own.setdefault(caller, anyio.Lock())
        async with own, self._all:
            await anyio.sleep_until(self._next_at)
            self._next_at = anyio.current_time() + SECONDS_APART


class LargeBodies:
    """Reads a large body whole, waits for its turn, and refuses it before it is decoded if it holds too much."""

    def __init__(self, app: ASGIApp, turns: Turns) -> None:
        self._app = app
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 413."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return await self._app(scope, receive, send)
        length = Headers(scope=scope).get("content-length", "")
        body = _Body(receive, int(length) if length.isdecimal() else 0)
        if await body.is_larger_than(LARGE_BYTES):
            with self._turns.held(_caller(scope)) as room:
                if not room:
                    headers = {"Retry-After": "1"}
                    return await PlainTextResponse("Too many large requests.\n", 429, headers)(scope, receive, send)
                if await self._is_too_much(body, _caller(scope)):
                    await anyio.sleep(REFUSED_AFTER_SECONDS)
                    return await PlainTextResponse("Request body too large.\n", 413)(scope, receive, send)
                return await self._app(scope, body.receive, send)
        return await self._app(scope, body.receive, send)

    async def _is_too_much(self, body: "_Body", caller: Hashable) -> bool:
        if await body.is_larger_than(MAX_BODY_BYTES):
            return True
        await body.read(MAX_BODY_BYTES)
        await self._turns.wait(caller)
        return _holds_too_much(body.content())


class _Body:
    """The body of a request, of which a part is read ahead."""

    def __init__(self, receive: Receive, declared: int) -> None:
        self._receive = receive
        self._declared = declared
        self._ahead: deque[Message] = deque()
        self._size = 0
        self._complete = False

    async def is_larger_than(self, size: int) -> bool:
        """Tell whether there are more bytes than that; what does not say so itself is read until it is known."""
        if not self._declared:
            await self.read(size)
        return max(self._declared, self._size) > size

    async def read(self, size: int) -> None:
        """Read all that there is, or more than `size` bytes of it."""
        while not self._complete and self._size <= size:
            message = await self._receive()
            self._ahead.append(message)
            self._size += len(message.get("body", b""))
            self._complete = message["type"] != "http.request" or not message.get("more_body", False)

    def content(self) -> bytes:
        """Return what was read."""
        return b"".join(message.get("body", b"") for message in self._ahead)

    async def receive(self) -> Message:
        """Be what an application receives the body with."""
        return self._ahead.popleft() if self._ahead else await self._receive()


def _caller(scope: Scope) -> Hashable:
    user = scope.get("user")
    return tuple(authorization_context(user).values()) if isinstance(user, AuthenticatedUser) else None


def _holds_too_much(body: bytes) -> bool:
    """Tell whether a JSON text holds too many values, in a small part of the time that decoding it would take."""
    if _values_at_most(body) <= MAX_VALUES:
        return False
    delimiters = body.count(b'"') - body.count(b'\\"')
    if delimiters > 4 * MAX_VALUES:  # each value is one string at most, and so is its name
        return True
    outside_of_strings = b"".join(body.replace(rb"\\", b"").replace(rb"\"", b"").split(b'"')[::2])
    return _values_at_most(outside_of_strings) > MAX_VALUES


def _values_at_most(text: bytes) -> int:
    return sum(text.count(mark) for mark in (b",", b"[", b"{"))
