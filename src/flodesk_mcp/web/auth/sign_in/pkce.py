"""Who fetches a code shows that it also asked for it (RFC 7636), by S256 alone."""

import base64
import hashlib
import re

__all__ = ["challenge_of", "is_challenge"]

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def challenge_of(verifier: str) -> str:
    """Return what goes with the question, so that only `verifier` fits the answer."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def is_challenge(text: str) -> bool:
    """Tell whether something can be one."""
    return _CHALLENGE.fullmatch(text) is not None
