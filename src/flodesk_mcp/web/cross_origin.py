"""Clients in a browser: which pages may call, and what they may read of the answers."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from flodesk_mcp.web.host_check import AllowedHosts

__all__ = ["CrossOrigin", "is_open"]

OPEN = frozenset({"/authorize", "/token", "/register", "/revoke"})

METHODS = ("GET", "POST", "DELETE")
READABLE = ("Mcp-Session-Id", "Retry-After", "WWW-Authenticate", "X-Request-Id")


def is_open(path: str) -> bool:
    """Tell whether pages of any site may call: no cookie counts there, and clients in a browser begin there."""
    return path in OPEN or path.startswith("/.well-known/oauth-")


class CrossOrigin(CORSMiddleware):
    """Tells a browser what pages of the allowed hosts may do: all that other clients may. Cookies are no proof here."""

    def __init__(self, app: ASGIApp, allowed: AllowedHosts) -> None:
        super().__init__(app, allow_methods=METHODS, allow_headers=("*",), expose_headers=READABLE)
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell a browser, but where what is open tells it itself."""
        if scope["type"] == "http" and is_open(scope["path"]):
            return await self.app(scope, receive, send)
        return await super().__call__(scope, receive, send)

    def is_allowed_origin(self, origin: str) -> bool:
        """Tell whether a page of `origin` may call."""
        return self._allowed.allows_origin(origin)
