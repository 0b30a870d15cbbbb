"""The mode `headers`: callers bring their own Flodesk credential, which is not stored."""

from collections.abc import Callable, Mapping

from starlette.requests import HTTPConnection

from flodesk_mcp.flodesk import ApiKey, BearerToken, Credential, identity_of
from flodesk_mcp.web.auth.credential_check import CredentialCheck
from flodesk_mcp.web.auth.errors import AuthError
from flodesk_mcp.web.auth.principal import OpenedAccount, Principal

__all__ = ["CredentialHeaders", "shows_credential"]

HEADERS: Mapping[str, Callable[[str], Credential]] = {
    "X-Flodesk-Api-Key": ApiKey,
    "X-Flodesk-Access-Token": BearerToken,
}


def shows_credential(connection: HTTPConnection) -> bool:
    """Tell whether a request shows a Flodesk credential, right or wrong."""
    return any(header in connection.headers for header in HEADERS)


class CredentialHeaders:
    """Lets in who shows a Flodesk credential: Flodesk itself decides whether it is right."""

    def __init__(self, identity_key: bytes, check: CredentialCheck) -> None:
        """Take the key that credentials are hashed with: their hashes tell callers apart."""
        self._identity_key = identity_key
        self._check = check

    async def principal(self, connection: HTTPConnection) -> Principal | None:
        """Return what the credential of a request opens, None without one.

        Raises AuthError for more than one, for a wrong one, and while Flodesk cannot be asked about a new one.
        """
        shown = [(header, value) for header in HEADERS for value in connection.headers.getlist(header)]
        if not shown:
            return None
        if len(shown) > 1:
            raise AuthError(400, "There is more than one Flodesk credential.", "invalid_request")
        header, value = shown[0]
        try:
            credential = HEADERS[header](value.strip())
        except ValueError:
            raise AuthError(401, f"{header} holds no Flodesk credential.", "invalid_token") from None
        identity = identity_of(credential, self._identity_key)
        account = OpenedAccount(identity, credential, f"the header {header}")
        await self._check.accept(account, connection)
        return Principal(
            name=f"credential {identity[:8]}",
            account=account,
            client_id="headers",
            subject=identity,
        )
