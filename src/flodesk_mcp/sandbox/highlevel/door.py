"""Who is let in to HighLevel: a token with scopes and one location, 100 requests in 10 seconds, 200,000 a day."""

import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from flodesk_mcp.sandbox.credentials import credential_of
from flodesk_mcp.sandbox.highlevel.account import HighLevel
from flodesk_mcp.sandbox.quota import Window

__all__ = ["HIGHLEVEL_TOKEN", "HighLevelDoor"]

HIGHLEVEL_TOKEN = "pit-sandbox"  # noqa: S105  opens nothing but invented data
VERSIONS = ("2021-07-28", "v3")
BURST, BURST_SECONDS, DAY, DAY_SECONDS = 100, 10.0, 200_000, 86_400.0
PHRASES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 422: "Unprocessable Entity"}

_SCOPES = (
    ("(POST /contacts/search|GET /contacts/.*)", "contacts.readonly"),
    ("[A-Z]+ /contacts/.*", "contacts.write"),
    ("GET /locations/[^/]+/tags", "locations/tags.readonly"),
    ("GET /locations/[^/]+/customFields", "locations/customFields.readonly"),
    ("GET /workflows/", "workflows.readonly"),
    ("GET /users/.*", "users.readonly"),
    ("[A-Z]+ /social-media-posting/[^/]+/tags.*", "socialplanner/tag.readonly"),
    ("POST /social-media-posting/statistics", "socialplanner/statistics.readonly"),
)


class HighLevelDoor:
    """Decides whose a request is."""

    def __init__(self, account: HighLevel) -> None:
        self._account = account
        self._windows = Window(BURST, BURST_SECONDS), Window(DAY, DAY_SECONDS)

    def admit(self, request: Request, path: str) -> tuple[HighLevel | None, Response | None]:
        """Return whose request it is, and the answer if it is refused at once."""
        shown = credential_of(request.headers.get("authorization", ""))
        if shown is None or shown.kind != "bearer" or shown.value != HIGHLEVEL_TOKEN:
            return None, self.refuse(401, "Invalid Private Integration token")
        if request.headers.get("version") not in VERSIONS:
            return self._account, self.refuse(400, "version header is invalid")
        if not all(window.remaining for window in self._windows):
            return self._account, self.refuse(429, "Too Many Requests")
        for window in self._windows:
            window.spend()
        asked = f"{request.method} {path}"
        scope = next((scope for pattern, scope in _SCOPES if re.fullmatch(pattern, asked)), None)
        if scope is not None and scope not in self._account.scopes:
            return self._account, self.refuse(401, "The token is not authorized for this scope.")
        return self._account, None

    def headers(self, account: HighLevel | None) -> Mapping[str, str]:
        """Return what is left of the ten seconds, and of the day."""
        burst, day = self._windows
        return {
            "X-RateLimit-Max": str(burst.limit),
            "X-RateLimit-Remaining": str(burst.remaining),
            "X-RateLimit-Interval-Milliseconds": str(int(BURST_SECONDS * 1000)),
            "X-RateLimit-Limit-Daily": str(day.limit),
            "X-RateLimit-Daily-Remaining": str(day.remaining),
        }

    def refuse(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """Return an error in HighLevel's envelope. A message that begins as a JSON object is one: its `meta`."""
        said: dict[str, Any] = {"statusCode": status, "message": message}
        if message.startswith("{"):
            said |= json.loads(message)
        if status in {401, 422}:
            said["error"] = PHRASES[status]
        if status == 422:  # noqa: PLR2004
            said["message"] = [message]
        return JSONResponse(said, status, headers)
