"""How a request proves whose account it is for. Source: flodesk-api, Access."""

import base64
import hashlib
from collections.abc import Generator

import httpx2

__all__ = ["AccessToken", "ApiKey", "Credential"]


class Credential(httpx2.Auth):
    """A secret that opens one Flodesk account. Its repr never shows the secret.

    `fingerprint` tells credentials apart without revealing them: quotas, caches and pools are keyed by it.
    """

    def __init__(self, header: str) -> None:
        self._header = header
        self.fingerprint = hashlib.sha256(header.encode()).hexdigest()

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Put the credential on `request`."""
        request.headers["Authorization"] = self._header
        yield request

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.fingerprint[:8]})"


class ApiKey(Credential):
    """An API key of a private integration: HTTP Basic, the key as user name, no password."""

    def __init__(self, key: str) -> None:
        if ":" in _checked(key):
            raise ValueError("A Flodesk API key has no colon: it is sent as a user name.")
        super().__init__("Basic " + base64.b64encode(f"{key}:".encode()).decode())


class AccessToken(Credential):
    """An OAuth access token of a partner integration."""

    def __init__(self, token: str) -> None:
        super().__init__(f"Bearer {_checked(token)}")


def _checked(secret: str) -> str:
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ValueError("A Flodesk credential is one word of printable ASCII characters.")
    return secret
