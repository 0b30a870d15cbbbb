"""How the endpoints for programs answer: JSON, always, and kept by nobody."""

import math
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from flodesk_mcp.store import StoreError
from flodesk_mcp.web.forms import FormError

__all__ = ["NO_STORE", "Refusal", "answering_json", "unavailable"]

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class Refusal(Exception):
    """An error of a specification, by its name there."""

    def __init__(
        self, error: str, description: str, status: int = 400, *, retry_after: float | None = None, basic: bool = False
    ) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status
        self.headers = dict(NO_STORE)
        if retry_after is not None:
            self.headers["Retry-After"] = str(math.ceil(retry_after))
        if basic:  # who tried the header is told of the header (RFC 6749, 5.2)
            self.headers["WWW-Authenticate"] = 'Basic realm="flodesk-mcp"'

    def response(self) -> Response:
        """Return the answer."""
        return JSONResponse({"error": self.error, "error_description": self.description}, self.status, self.headers)


def answering_json(
    answer: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that says in JSON, too, why a request is refused or cannot be answered now."""

    async def endpoint(request: Request) -> Response:
        try:
            return await answer(request)
        except Refusal as refusal:
            return refusal.response()
        except FormError as error:
            return Refusal("invalid_request", str(error), error.status).response()
        except StoreError:
            return unavailable().response()

    return endpoint


def unavailable() -> Refusal:
    """Return the answer while something that is needed does not answer."""
    return Refusal("temporarily_unavailable", "This server cannot look that up now.", 503, retry_after=5)
