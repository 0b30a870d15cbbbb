"""Large bodies of requests: each costs all other callers time, so they come one after the other, with pauses."""

from collections import deque
from collections.abc import Hashable
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

SECONDS_APART = 0.1
REFUSED_AFTER_SECONDS = 1.0
"""Who sends such bodies in a row is slowed down by that, and nobody else."""


class Turns:
    """Lets large bodies in one at a time, 10 a second in all, and each caller to its turn, however many others send."""

    def __init__(self) -> None:
        self._next_at = float("-inf")
        self._all = anyio.Lock()
        self._own: WeakValueDictionary[Hashable, anyio.Lock] = WeakValueDictionary()

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
        declared = int(length) if length.isdecimal() else None
        if declared is not None and declared <= LARGE_BYTES:
            return await self._app(scope, receive, send)
        read: deque[Message] = deque()
        size = declared or 0
        if size <= MAX_BODY_BYTES:
            size = await _read(receive, read)
        if size > LARGE_BYTES:
            if size <= MAX_BODY_BYTES:
                await self._turns.wait(_caller(scope))
            if size > MAX_BODY_BYTES or _holds_too_much(b"".join(message.get("body", b"") for message in read)):
                await anyio.sleep(REFUSED_AFTER_SECONDS)
                return await PlainTextResponse("Request body too large.\n", 413)(scope, receive, send)

        async def replay() -> Message:
            return read.popleft() if read else await receive()

        return await self._app(scope, replay, send)


async def _read(receive: Receive, read: deque[Message]) -> int:
    """Read a body, or one byte more than any may have, and return the size of what was read."""
    size = 0
    while size <= MAX_BODY_BYTES:
        message = await receive()
        read.append(message)
        size += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            break
    return size


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
