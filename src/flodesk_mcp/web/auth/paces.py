"""How often a token is used: so many requests in any minute, and so many of them at once."""

from collections import deque
from dataclasses import dataclass, field
from math import ceil

import anyio
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from flodesk_mcp.web.auth.principal import Principal, User

__all__ = ["Pace", "Paces"]

MINUTE = 60
BUSY_RETRY_SECONDS = 1


@dataclass(eq=False)
class Pace:
    """What one token does just now, and did within the last minute."""

    under_way: int = 0
    arrived: deque[float] = field(default_factory=deque)


class Paces:
    """Answers 429 to what a token has beyond its own limits. A process counts for itself."""

    def __init__(self, app: ASGIApp, paces: dict[str, Pace]) -> None:
        """Take the paces of all tokens by their clients: they are the same on every path."""
        self._app = app
        self._paces = paces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or say when to come again. Streams that a client opens (GET) are no calls."""
        user = scope.get("user")
        if not (isinstance(user, User) and scope["method"] == "POST" and user.principal.has_pace):
            return await self._app(scope, receive, send)
        principal = user.principal
        pace = self._paces.setdefault(principal.client_id, Pace())
        if refusal := _refusal(pace, principal):
            return await refusal(scope, receive, send)
        pace.arrived.append(anyio.current_time())
        pace.under_way += 1
        try:
            await self._app(scope, receive, send)
        finally:
            pace.under_way -= 1


def _refusal(pace: Pace, principal: Principal) -> JSONResponse | None:
    now = anyio.current_time()
    while pace.arrived and pace.arrived[0] <= now - MINUTE:
        pace.arrived.popleft()
    most = principal.requests_per_minute
    if most is not None and len(pace.arrived) >= most:
        return _come_again(f"This token may make {most} requests a minute.", ceil(pace.arrived[0] + MINUTE - now))
    at_once = principal.calls_at_once
    if at_once is not None and pace.under_way >= at_once:
        return _come_again(f"This token may have {at_once} calls under way.", BUSY_RETRY_SECONDS)
    return None


def _come_again(words: str, seconds: int) -> JSONResponse:
    answer = {"error": "too_many_requests", "error_description": words}
    return JSONResponse(answer, 429, {"Retry-After": str(max(seconds, 1))})
