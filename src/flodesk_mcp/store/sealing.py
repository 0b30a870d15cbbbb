"""Encryption at rest: who reads the database without the keys reads no credential."""

import hmac
import json
from dataclasses import dataclass
from typing import Literal, get_args

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from flodesk_mcp.store.errors import StoreError

__all__ = ["CredentialKind", "SealedSecret", "Sealer", "new_key"]

CredentialKind = Literal["api_key", "access_token", "oauth"]


@dataclass(frozen=True)
class SealedSecret:
    """What was sealed: a secret that opens a Flodesk account, and of which kind it is.

    That of the kind `oauth` is a TokenPair as text.
    """

    kind: CredentialKind
    secret: SecretStr


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
            ciphers = {key: Fernet(key) for key in texts if key}
        except ValueError:
            raise StoreError(
                "FLODESK_ENCRYPTION_KEYS holds something that is no key: `flodesk-mcp account new-key` makes one."
            ) from None
        self._ciphers = MultiFernet(ciphers.values()) if ciphers else None
        self.fingerprints = tuple(map(_fingerprint, ciphers))
        """What tells the keys apart and reveals none, in their order."""

    def seal(self, account_id: str, kind: CredentialKind, secret: str) -> str:
        """Return the encrypted credential. It opens for that account alone, even if somebody swaps rows.

        Raises StoreError without a key.
        """
        content = json.dumps({"account": account_id, "kind": kind, "secret": secret})
        return self._opened().encrypt(content.encode()).decode()

    def open(self, account_id: str, sealed: str) -> SealedSecret:
        """Return what was sealed for that account.

        Raises StoreError when no key opens it, or when it was sealed for another account.
        """
        try:
            content = json.loads(self._opened().decrypt(sealed.encode()))
        except InvalidToken:
            raise StoreError("None of FLODESK_ENCRYPTION_KEYS opens a stored credential.") from None
        if content["account"] != account_id:
            raise StoreError("A stored credential belongs to another account: the database was tampered with.")
        if content["kind"] not in get_args(CredentialKind):
            raise StoreError("A stored credential is of a kind that this version does not know: upgrade flodesk-mcp.")
        return SealedSecret(content["kind"], SecretStr(content["secret"]))

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


def _fingerprint(key: str) -> str:
    """Hash a key of 256 random bits, which nobody tries out."""
    return hmac.digest(key.encode(), b"flodesk-mcp fingerprint", "sha256").hex()[:32]
