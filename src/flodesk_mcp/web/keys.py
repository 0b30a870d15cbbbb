"""Keys that this server derives from its own secret, one for each purpose."""

import hmac
import secrets

from pydantic import SecretStr

__all__ = ["derived_key"]

_OF_THIS_PROCESS = secrets.token_bytes(32)


def derived_key(encryption_keys: SecretStr | None, purpose: str) -> bytes:
    """Return the key for `purpose`, from the first of FLODESK_ENCRYPTION_KEYS.

    Without any it is a random one, which this process keeps until it ends.
    """
    first = encryption_keys.get_secret_value().partition(",")[0].strip().encode() if encryption_keys else b""
    return hmac.digest(first or _OF_THIS_PROCESS, f"flodesk-mcp {purpose}".encode(), "sha256")
