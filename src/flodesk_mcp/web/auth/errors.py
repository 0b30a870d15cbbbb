"""How a request is turned away, and how that is logged: never more than a line a minute, whatever arrives."""

import math
import time
from collections.abc import Callable

from starlette.authentication import AuthenticationError
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response

from flodesk_mcp.observability.audit import record

__all__ = ["AuthError", "AuthErrors", "too_many_wrong", "wrong_token"]

LOGGED_EVERY_SECONDS = 60
UNAUTHORIZED = 401
SERVER_ERROR = 500
INVALID = "invalid_token"


class AuthError(AuthenticationError):
    """Why a request is not let in: a status, and an error of RFC 6750, where it has one for it.

    `retry_after` is in seconds. One that is not `guessed` does not count as a wrong proof of its address.
    """

    def __init__(
        self,
        status: int,
        description: str,
        error: str | None = None,
        *,
        scope: str | None = None,
        retry_after: float | None = None,
        guessed: bool = True,
    ) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.error = error
        self.scope = scope
        self.retry_after = retry_after
        self.guessed = guessed

    @property
    def is_wrong_proof(self) -> bool:
        """Whether something was shown, and it was wrong."""
        return self.status == UNAUTHORIZED and self.error == INVALID and self.guessed


def wrong_token(*, guessed: bool = True) -> AuthError:
    """Return the one answer to every token that opens nothing, so that nobody learns why."""
    return AuthError(UNAUTHORIZED, "The access token is wrong, expired or revoked.", INVALID, guessed=guessed)


def too_many_wrong(seconds: float) -> AuthError:
    """Return the answer to one more wrong proof from an address that must wait for `seconds`."""
    return AuthError(429, "Too many wrong tokens or credentials from your address.", retry_after=seconds)


class AuthErrors:
    """Answers those that are not let in."""

    def __init__(self, challenge: str, scope: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the scheme and first parameters of WWW-Authenticate, and the scopes that a client should ask for."""
        self._challenge = challenge
        self._scope = scope
        self._clock = clock
        self._since_logged = 0
        self._logged_at = float("-inf")

    def answer(self, connection: HTTPConnection, error: Exception) -> Response:
        """Return the answer to a request that raised `error`."""
        refusal = (
            error if isinstance(error, AuthError) else AuthError(400, "The request is malformed.", "invalid_request")
        )
        self._log(refusal)
        body = {"error": refusal.error or "unauthorized", "error_description": refusal.description}
        headers = {"Cache-Control": "no-store"}
        if refusal.status in {401, 403}:
            headers["WWW-Authenticate"] = self._challenged(refusal)
        if refusal.retry_after is not None:
            headers["Retry-After"] = str(math.ceil(refusal.retry_after))
        return JSONResponse(body, refusal.status, headers)

    def _challenged(self, refusal: AuthError) -> str:
        scope = refusal.scope or (self._scope if refusal.status == UNAUTHORIZED else None)
        parameters = {"error": refusal.error, "error_description": refusal.description, "scope": scope}
        if refusal.error is None:
            del parameters["error_description"]  # RFC 6750: who showed nothing learns nothing of errors
        return ", ".join([self._challenge, *(f'{name}="{value}"' for name, value in parameters.items() if value)])

    def _log(self, refusal: AuthError) -> None:
        if refusal.status >= SERVER_ERROR:
            return  # whatever could not be looked up has a line of its own
        self._since_logged += 1
        now = self._clock()
        if now - self._logged_at >= LOGGED_EVERY_SECONDS:
            # Not the description: that may quote what a stranger wrote.
            record(
                "Turned away %(requests)d requests since the last such line, the latest with %(status)d (%(error)s)",
                who="-",
                outcome="refused",
                requests=self._since_logged,
                status=refusal.status,
                error=refusal.error or "unauthorized",
            )
            self._since_logged = 0
            self._logged_at = now
