"""Which credential a request shows, and whether it is one that is shown in this way."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Literal

SANDBOX_API_KEY = "sandbox-key"
SANDBOX_ACCESS_TOKEN = "sandbox-token"  # noqa: S105  opens nothing but invented data
SANDBOX_CLIENT_ID = "sandbox-client"
SANDBOX_CLIENT_SECRET = "sandbox-secret"  # noqa: S105  nor does this
ACCESS_TOKEN_PREFIX = "token-"  # noqa: S105  the beginning of one


@dataclass(frozen=True)
class Credential:
    """An API key (Basic, as the user name with an empty password) or an access token (Bearer)."""

    kind: Literal["basic", "bearer"]
    value: str = field(repr=False)

    @property
    def is_access_token(self) -> bool:
        """Whether the value is an access token, however it is shown."""
        return self.value == SANDBOX_ACCESS_TOKEN or self.value.startswith(ACCESS_TOKEN_PREFIX)


def credential_of(authorization: str) -> Credential | None:
    """Return what an Authorization header shows, or None if it is nothing that Flodesk knows."""
    scheme, _, shown = authorization.partition(" ")
    match scheme.lower():
        case "bearer" if shown:
            return Credential("bearer", shown)
        case "basic":
            user, colon, password = _decoded(shown).partition(":")
            return Credential("basic", user) if user and colon and not password else None
    return None


def basic_pair(authorization: str) -> tuple[str, str]:
    """Return user name and password that an Authorization header shows, or two empty texts."""
    scheme, _, shown = authorization.partition(" ")
    user, _, password = _decoded(shown).partition(":") if scheme.lower() == "basic" else ("", "", "")
    return user, password


def _decoded(shown: str) -> str:
    try:
        return base64.b64decode(shown, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
