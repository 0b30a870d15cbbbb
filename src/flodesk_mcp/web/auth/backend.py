"""The ways in: each request shows an access token or a Flodesk credential, or is turned away."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from starlette.authentication import AuthCredentials, AuthenticationBackend
from starlette.requests import HTTPConnection

from flodesk_mcp.flodesk import ApiKey, BearerToken, Credential, identity_of
from flodesk_mcp.store import StoreError
from flodesk_mcp.web.auth.access import Access, Visitor
from flodesk_mcp.web.auth.errors import AuthError
from flodesk_mcp.web.request_filter import request_filter

__all__ = ["AuthBackend", "Verifier"]

logger = logging.getLogger(__name__)

BEARER = "bearer "
CREDENTIAL_HEADERS: Mapping[str, Callable[[str], Credential]] = {
    "X-Flodesk-Api-Key": ApiKey,
    "X-Flodesk-Access-Token": BearerToken,
}


class Verifier(Protocol):
    """Knows one kind of access token. The SDK's TokenVerifier, with what it lets in said more exactly."""

    def knows(self, token: str) -> bool:
        """Tell by its form whether a token is of this kind."""

    async def verify_token(self, token: str) -> Access | None:
        """Return what `token` opens, None for a token that is wrong, expired or revoked.

        Raises AuthError for one that is right and opens too little.
        """


class AuthBackend(AuthenticationBackend):
    """Lets requests in by the modes that the operator chose."""

    def __init__(self, verifiers: Sequence[Verifier], *, headers: bool, everybody: Access | None = None) -> None:
        """Take the kinds of token, whether Flodesk credentials count, and what is open without either."""
        self._verifiers = verifiers
        self._headers = headers
        self._everybody = everybody

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, Visitor]:
        """Return who makes a request.

        Raises AuthError.
        """
        access = await self._access(conn)
        return AuthCredentials(access.scopes), Visitor(access, request_filter(conn))

    async def _access(self, conn: HTTPConnection) -> Access:
        if self._everybody:
            return self._everybody
        brought = self._brought(conn)
        token = self._token(conn)
        if token is not None and brought is not None:
            raise AuthError(400, "Show an access token or a Flodesk credential, not both.", "invalid_request")
        if brought is not None:
            return brought
        if token is None:
            raise AuthError(401, "Authentication required")
        for verifier in self._verifiers:
            if verifier.knows(token):
                if access := await _verified(verifier, token):
                    return access
                break
        raise AuthError(401, "The access token is wrong, expired or revoked.", "invalid_token")

    def _token(self, conn: HTTPConnection) -> str | None:
        if not self._verifiers:
            return None  # Authorization may be for a proxy in front
        shown = conn.headers.getlist("authorization")
        if len(shown) > 1:
            raise AuthError(400, "There is more than one Authorization header.", "invalid_request")
        if not shown or not shown[0].lower().startswith(BEARER):
            return None
        return shown[0][len(BEARER) :].strip()

    def _brought(self, conn: HTTPConnection) -> Access | None:
        if not self._headers:
            return None
        shown = [(header, value) for header in CREDENTIAL_HEADERS for value in conn.headers.getlist(header)]
        if not shown:
            return None
        if len(shown) > 1:
            raise AuthError(400, "There is more than one Flodesk credential.", "invalid_request")
        header, value = shown[0]
        try:
            credential = CREDENTIAL_HEADERS[header](value.strip())
        except ValueError:
            raise AuthError(401, f"{header} holds no Flodesk credential.", "invalid_token") from None
        return Access(
            who=f"credential {identity_of(credential)[:8]}",
            client_id="headers",
            subject=identity_of(credential),
            credential=credential,
            credential_source=f"the header {header}",
        )


async def _verified(verifier: Verifier, token: str) -> Access | None:
    try:
        return await verifier.verify_token(token)
    except StoreError as error:
        logger.error("An access token cannot be looked up: %s", error)  # noqa: TRY400 - the words say it all
        raise AuthError(503, "This server cannot look up access tokens now: see its log.") from error
