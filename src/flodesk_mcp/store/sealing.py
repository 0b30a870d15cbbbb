"""Encryption at rest: who reads the database without the keys reads no credential."""

import json
from typing import Literal

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from flodesk_mcp.flodesk import ApiKey, BearerToken, Credential
from flodesk_mcp.store.errors import StoreError

__all__ = ["CredentialKind", "Sealer", "new_key"]

CredentialKind = Literal["api_key", "access_token"]

KINDS: dict[str, type[ApiKey] | type[BearerToken]] = {"api_key": ApiKey, "access_token": BearerToken}


def new_key() -> str:
    """Return a key for FLODESK_ENCRYPTION_KEYS."""
    return Fernet.generate_key().decode()


class Sealer:
    """Seals credentials with the first key and opens them with any. Without a key it does neither."""

    def __init__(self, keys: SecretStr | None) -> None:
        """Take keys separated by commas, the newest first.

        Raises StoreError for one that is none.
        """
        texts = [key.strip() for key in keys.get_secret_value().split(",")] if keys else []
        try:
            ciphers = [Fernet(key) for key in texts if key]
        except ValueError:
            raise StoreError(
                "FLODESK_ENCRYPTION_KEYS holds something that is no key: `flodesk-mcp account new-key` makes one."
            ) from None
        self._ciphers = MultiFernet(ciphers) if ciphers else None

    def seal(self, account_id: str, kind: CredentialKind, secret: str) -> str:
        """Return the encrypted credential. It opens for that account alone, even if somebody swaps rows.

        Raises StoreError without a key, or when the secret cannot be a credential.
        """
        try:
            KINDS[kind](secret)
        except ValueError as error:
            raise StoreError(str(error)) from None
        content = json.dumps({"account": account_id, "kind": kind, "secret": secret})
        return self._opened().encrypt(content.encode()).decode()

    def open(self, account_id: str, sealed: str) -> Credential:
        """Return the credential.

        Raises StoreError when no key opens it.
        """
        try:
            content = json.loads(self._opened().decrypt(sealed.encode()))
        except InvalidToken:
            raise StoreError("None of FLODESK_ENCRYPTION_KEYS opens a stored credential.") from None
        if content["account"] != account_id:
            raise StoreError("A stored credential belongs to another account: the database was tampered with.")
        return KINDS[content["kind"]](content["secret"])

    def reseal(self, sealed: str) -> str:
        """Return the same credential, encrypted with the first key.

        Raises StoreError when no key opens it.
        """
        try:
            return self._opened().rotate(sealed.encode()).decode()
        except InvalidToken:
            raise StoreError("None of FLODESK_ENCRYPTION_KEYS opens a stored credential.") from None

    def _opened(self) -> MultiFernet:
        if self._ciphers is None:
            raise StoreError(
                "FLODESK_ENCRYPTION_KEYS is not set, and without a key no credential is stored or read: "
                "`flodesk-mcp account new-key` makes one."
            )
        return self._ciphers
