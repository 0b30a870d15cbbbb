"""Secrets that this server makes up, 256 random bits each: of all of them only hashes are stored."""

import base64
import hashlib
import hmac
import re
import secrets

__all__ = ["derived_secret", "digest_of", "is_secret_of", "new_salt", "new_secret"]

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def new_secret(prefix: str) -> str:
    """Return a new secret, whose beginning tells what it is for."""
    return prefix + secrets.token_urlsafe(32)


def is_secret_of(prefix: str, text: str) -> bool:
    """Tell whether something looks like a secret with that beginning."""
    return text.startswith(prefix) and _SECRET.fullmatch(text.removeprefix(prefix)) is not None


def digest_of(secret: str) -> str:
    """Hash a secret of 256 random bits: nobody tries those out, so nothing slower is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_salt() -> str:
    """Return what makes another secret of a secret."""
    return secrets.token_hex(32)


def derived_secret(prefix: str, secret: str, salt: str) -> str:
    """Return the secret that follows another: whoever has that one may be told it again, though it is not stored.

    The database alone does not lead to it, as only the hash of the other one is there.
    """
    made = hmac.digest(secret.encode(), f"{prefix} {salt}".encode(), "sha256")
    return prefix + base64.urlsafe_b64encode(made).decode().rstrip("=")
