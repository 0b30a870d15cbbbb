"""By what an account is found again that an API key opens, however the key got here: a keyed hash of it."""

from collections.abc import Callable

from pydantic import SecretStr

from flodesk_mcp.flodesk import ApiKey, identity_of
from flodesk_mcp.web.keys import derived_keys

__all__ = ["key_identities"]

BY_KEY = "key"


def key_identities(encryption_keys: SecretStr | None) -> Callable[[str], list[str]]:
    """Return what makes the identities of an API key: one with each encryption key, that of the newest first.

    What it returns raises ValueError for what cannot be a key.
    """
    hashed_with = derived_keys(encryption_keys, "accounts by their keys")
    return lambda key: [f"{BY_KEY} {identity_of(ApiKey(key), secret)}" for secret in hashed_with]
