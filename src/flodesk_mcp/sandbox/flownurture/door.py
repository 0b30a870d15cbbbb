"""Who is let in to FlowNurture: a key as a bearer token, with its scopes, 60 requests a minute."""

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from flodesk_mcp.sandbox.credentials import credential_of
from flodesk_mcp.sandbox.flownurture.account import FlowNurture
from flodesk_mcp.sandbox.quota import Window

__all__ = ["FLOWNURTURE_API_KEY", "ROOT", "FlowNurtureDoor"]

FLOWNURTURE_API_KEY = "fn_sandbox"
ROOT = "/api/v1"
REQUESTS_PER_MINUTE = 60


class FlowNurtureDoor:
    """Decides whose a request is."""

    def __init__(self, account: FlowNurture) -> None:
        self._account = account
        self._window = Window(REQUESTS_PER_MINUTE)

    def admit(self, request: Request, path: str) -> tuple[FlowNurture | None, Response | None]:
        """Return whose request it is, and the answer if it is refused at once."""
        shown = credential_of(request.headers.get("authorization", ""))
        if shown is None or shown.kind != "bearer" or shown.value != FLOWNURTURE_API_KEY:
            return None, self.refuse(401, "Invalid API key")
        if not self._window.remaining:
            wait = {"Retry-After": str(ceil(self._window.seconds_until_free))}
            return self._account, self.refuse(429, "Rate limit exceeded", wait)
        self._window.spend()
        scope = _scope(request.method, path.removeprefix(f"{ROOT}/"))
        if scope not in self._account.scopes:
            return self._account, self.refuse(403, f"API key is missing the scope {scope}")
        return self._account, None

    def headers(self, account: FlowNurture | None) -> Mapping[str, str]:
        """Return nothing: FlowNurture tells nothing of its quota."""
        return {}

    def refuse(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """Return an error in FlowNurture's envelope."""
        said = {"statusCode": status, "message": message, "error": HTTPStatus(status).phrase}
        return JSONResponse(said, status, headers)


def _scope(method: str, path: str) -> str:
    what = "tags" if "/tags/" in path else path.partition("/")[0]
    return f"{what}:{'read' if method == 'GET' else 'write'}"
