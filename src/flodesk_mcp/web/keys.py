"""Keys that this server derives from its own secrets, for each purpose its own."""

import hmac
import secrets

from pydantic import SecretStr

__all__ = ["derived_key", "derived_keys"]

_OF_THIS_PROCESS = secrets.token_bytes(32)


def derived_key(encryption_keys: SecretStr | None, purpose: str) -> bytes:
    """Return the key for `purpose`, from the first of FLODESK_ENCRYPTION_KEYS.

    Without any it is a random one, which this process keeps until it ends.
    """
    return derived_keys(encryption_keys, purpose)[0]


def derived_keys(encryption_keys: SecretStr | None, purpose: str) -> tuple[bytes, ...]:
    """Return the keys for `purpose`, one from each of FLODESK_ENCRYPTION_KEYS: the first signs, all of them verify."""
    given = encryption_keys.get_secret_value() if encryption_keys else ""
    secret = [key for key in (key.strip().encode() for key in given.split(",")) if key] or [_OF_THIS_PROCESS]
    return tuple(hmac.digest(key, f"flodesk-mcp {purpose}".encode(), "sha256") for key in secret)
