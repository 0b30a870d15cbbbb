"""Who makes a request: the proof that it shows, by the modes of the settings, or why it is turned away."""

import logging
from collections.abc import Sequence
from typing import Protocol

from starlette.authentication import AuthCredentials, AuthenticationBackend
from starlette.requests import HTTPConnection

from flodesk_mcp.store import StoreError
from flodesk_mcp.web.auth.bearer import bearer_token
from flodesk_mcp.web.auth.credential_headers import shows_credential
from flodesk_mcp.web.auth.errors import AuthError, too_many_wrong, wrong_token
from flodesk_mcp.web.auth.principal import Principal, User
from flodesk_mcp.web.auth.wrong_proofs import WrongProofs
from flodesk_mcp.web.request_filter import check_header_names, request_limits

__all__ = ["AuthBackend", "Proof"]

DATABASE = {"repeats": "database"}

logger = logging.getLogger(__name__)


class Proof(Protocol):
    """One kind of proof."""

    async def principal(self, connection: HTTPConnection) -> Principal | None:
        """Return what a request proves, or None when it shows no proof of this kind.

        Raises AuthError for one that is wrong or opens too little, StoreError when it cannot be looked up.
        """


class AuthBackend(AuthenticationBackend):
    """Tells who makes a request."""

    def __init__(
        self,
        headers: Proof | None,
        tokens: Sequence[Proof],
        everybody: Principal | None,
        wrong: WrongProofs,
    ) -> None:
        """Take the proof in headers of its own, the kinds of token in Authorization, and what needs no proof at all.

        Wrong ones are counted in `wrong`.
        """
        self._headers = headers
        self._tokens = tokens
        self._everybody = everybody
        self._wrong = wrong

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, User]:
        """Return who makes a request.

        Raises AuthError.
        """
        check_header_names(conn)
        try:
            principal = await self._principal(conn)
        except StoreError as error:
            logger.error("An access token cannot be looked up: %s", error, extra=DATABASE)  # noqa: TRY400 - the words say it all
            raise AuthError(503, "This server cannot look up access tokens now: see its log.") from error
        except AuthError as error:
            if error.is_wrong_proof:
                seconds = self._wrong.seconds_to_wait(conn)
                self._wrong.note(conn)
                if seconds:
                    raise too_many_wrong(seconds) from error
            raise
        return AuthCredentials(principal.scopes), User(principal, *request_limits(conn))

    async def _principal(self, connection: HTTPConnection) -> Principal:
        if self._everybody:
            return self._everybody
        token = bearer_token(connection) if self._tokens else None  # otherwise it may be for a proxy in front
        if self._headers and token is not None and shows_credential(connection):
            raise AuthError(400, "Show an access token or a Flodesk credential, not both.", "invalid_request")
        brought = await self._headers.principal(connection) if self._headers else None
        if brought:
            return brought
        if token is None:
            raise AuthError(401, "Authentication required")
        for kind in self._tokens:
            if principal := await kind.principal(connection):
                return principal
        raise wrong_token()
