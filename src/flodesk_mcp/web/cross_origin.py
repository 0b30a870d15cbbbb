"""Clients in a browser: which pages may call, and what they may read of the answers."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from flodesk_mcp.web.host_check import AllowedHosts

__all__ = ["CrossOrigin"]

METHODS = ("GET", "POST", "DELETE")
READABLE = ("Mcp-Session-Id", "Retry-After", "WWW-Authenticate", "X-Request-Id")


class CrossOrigin(CORSMiddleware):
    """Tells a browser what pages of the allowed hosts may do: all that other clients may. Cookies are no proof here."""

    def __init__(self, app: ASGIApp, allowed: AllowedHosts) -> None:
        super().__init__(app, allow_methods=METHODS, allow_headers=("*",), expose_headers=READABLE)
        self._allowed = allowed

    def is_allowed_origin(self, origin: str) -> bool:
        """Tell whether a page of `origin` may call."""
        return self._allowed.allows_origin(origin)
