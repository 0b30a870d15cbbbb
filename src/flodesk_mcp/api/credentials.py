"""How a request proves whose account it is for."""

import base64
import hmac
import secrets
from collections.abc import Generator

import httpx2

__all__ = ["ApiKey", "BearerToken", "Credential", "identity_of"]

_PROCESS_KEY = secrets.token_bytes(32)


class Credential(httpx2.Auth):
    """A secret that opens one account. Its repr never shows the secret."""

    kind = "credential"
    """What people call it."""

    def __init__(self, header: str, known_by: str | None = None) -> None:
        self._header = header
        self._known_by = known_by or header

    async def proof(self) -> "Credential":
        """Return what the next request is sent with."""
        return self

    async def replaces(self, proof: "Credential") -> bool:
        """Tell whether `proof`, which was just refused, has a successor to try."""
        return proof._header != self._header

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Put the credential on `request`."""
        request.headers["Authorization"] = self._header
        yield request

    def __repr__(self) -> str:
        return f"{type(self).__name__}({identity_of(self)[:8]})"


class ApiKey(Credential):
    """An API key that is shown by HTTP Basic: the key as user name, no password."""

    kind = "API key"

    def __init__(self, key: str) -> None:
        if ":" in _checked(key):
            raise ValueError("An API key has no colon: it is sent as a user name.")
        super().__init__("Basic " + base64.b64encode(f"{key}:".encode()).decode())


class BearerToken(Credential):
    """A token of OAuth, or a key that is shown like one."""

    kind = "access token"

    def __init__(self, token: str) -> None:
        super().__init__(f"Bearer {_checked(token)}")


def identity_of(credential: Credential, key: bytes = _PROCESS_KEY) -> str:
    """Return an identity for an account of which nothing is known but `credential`: a keyed hash, in hex.

    Quotas, caches and pools are keyed by it. Nobody without `key` can try out which secret it stands for; the default
    is drawn anew by every process, so an identity that must outlive the process needs a key of its own.
    """
    return hmac.digest(key, credential._known_by.encode(), "sha256").hex()


def _checked(secret: str) -> str:
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ValueError("A credential is one word of printable ASCII characters.")
    return secret
