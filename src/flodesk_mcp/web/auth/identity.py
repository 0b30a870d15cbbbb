"""Which account a bare credential is for, without telling the credential."""

import hmac

from flodesk_mcp.flodesk import Credential

__all__ = ["identity_of"]


def identity_of(credential: Credential, key: bytes) -> str:
    """Return a hash of `credential` that nobody can try out without `key`."""
    return hmac.digest(key, credential.fingerprint.encode(), "sha256").hex()
