"""What the names of accounts, tokens and people may be."""

from typing import Any, TypeGuard

from flodesk_mcp.store.errors import StoreError

__all__ = ["check_name", "is_name"]

MAX_LENGTH = 100


def is_name(given: Any) -> TypeGuard[str]:
    """Tell whether something is a name: text that can be read, stored and shown."""
    return isinstance(given, str) and len(given) <= MAX_LENGTH and given.isprintable() and given.strip() != ""


def check_name(of: str, name: str) -> None:
    """Raise StoreError for what cannot be the name of `of`."""
    if not is_name(name):
        raise StoreError(f"The name of {of} has 1 to {MAX_LENGTH} printable characters.")
