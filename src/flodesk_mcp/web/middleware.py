"""Around every request: the host check, an id and a line in the log, a deadline for its body, and a last word."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flodesk_mcp.observability.logging import request_id
from flodesk_mcp.web.cross_origin import is_open
from flodesk_mcp.web.host_check import AllowedHosts

__all__ = ["WEBHOOKS_PATH", "BodyDeadline", "BrokenOff", "HostCheck", "RequestIds"]

WEBHOOKS_PATH = "/webhooks/"
"""What stands behind it holds a secret, and is in no log."""

MAX_BODY_SECONDS = 30

PROBES = frozenset({"/healthz", "/readyz"})
"""They tell nothing, and whoever watches a server knows it by its number alone."""

ENDED = "This server was stopped before the call ended. It may have worked: look before you repeat it.\n"

MISDIRECTED = 421
FORBIDDEN = 403

logger = logging.getLogger(__name__)


class HostCheck:
    """Refuses what names another host, or comes from a page of another site."""

    def __init__(self, app: ASGIApp, allowed: AllowedHosts) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 421 or 403, or pass the request on."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or hosts[0] not in self._allowed:
            answer = PlainTextResponse("This server has another name: see FLODESK_ALLOWED_HOSTS.\n", MISDIRECTED)
            return await answer(scope, receive, send)
        if not (is_open(scope["path"]) or all(self._allows(origin, headers) for origin in origins)):
            return await PlainTextResponse("Not from this site.\n", FORBIDDEN)(scope, receive, send)
        return await self._app(scope, receive, send)

    def _allows(self, origin: str, headers: Headers) -> bool:
        # A page that tells nobody where a request comes from does not tell its own server either.
        of_ours = origin == "null" and headers.get("sec-fetch-site") == "same-origin"
        return of_ours or self._allowed.allows_origin(origin)


class RequestIds:
    """Gives each request an id, which its answer and all log lines show, and logs it once it is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on under a new id. One that a client sends is not taken over: it could be anything."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        name = uuid.uuid4().hex
        token = request_id.set(name)
        began = time.monotonic()
        status = 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = name
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        finally:
            if logger.isEnabledFor(logging.INFO):
                # Only a path that a route knows: any other could hold anything, somebody's address, too.
                path = scope["path"] if "endpoint" in scope else "(no such path)"
                path = f"{WEBHOOKS_PATH}..." if path.startswith(WEBHOOKS_PATH) else path
                milliseconds = (time.monotonic() - began) * 1000
                logger.info("%s %s %d in %.0f ms", scope["method"], path, status, milliseconds)
            request_id.reset(token)


class BrokenOff:
    """Says what has happened to a call that the end of the process breaks off.

    It is no 503: clients that answer that by sending the call again could do twice what has worked.
    """

    def __init__(self, app: ASGIApp, is_stopping: Callable[[], bool]) -> None:
        self._app = app
        self._is_stopping = is_stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and answer it where that is cancelled before there is an answer."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        has_begun = False

        async def send_noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except asyncio.CancelledError:
            if has_begun or not self._is_stopping():
                raise
            with anyio.CancelScope(shield=True):
                await PlainTextResponse(ENDED, 500, {"Connection": "close"})(scope, receive, send)


class BodyDeadline:
    """Answers 408 to a request whose body has not come within half a minute."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with a limit on the time that its body may take."""
        deadline = anyio.current_time() + MAX_BODY_SECONDS
        complete = False

        async def receive_in_time() -> Message:
            nonlocal complete
            if complete:
                return await receive()
            with anyio.move_on_after(deadline - anyio.current_time()):
                message = await receive()
                complete = message["type"] != "http.request" or not message.get("more_body", False)
                return message
            raise _TooSlow

        try:
            await self._app(scope, receive_in_time, send)
        except _TooSlow:
            # Without the body the transports have not begun to answer.
            answer = PlainTextResponse("The request did not arrive in time.\n", 408, {"Connection": "close"})
            await answer(scope, receive, send)


class _TooSlow(Exception):
    """The body is not there in time."""
