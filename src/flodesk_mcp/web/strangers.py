"""How often strangers may try something, by the network that they come from."""

import hmac

from starlette.requests import Request

from flodesk_mcp.store import Allowance, StoredAttempts
from flodesk_mcp.web.auth.wrong_proofs import address_of

__all__ = ["Strangers"]


class Strangers:
    """Counts what addresses try, in the database: for all processes, and without keeping the addresses."""

    def __init__(self, attempts: StoredAttempts, key: bytes) -> None:
        """Take the key that addresses are hashed with."""
        self._attempts = attempts
        self._key = key

    async def attempt(self, allowance: Allowance, request: Request) -> int | None:
        """Count one more attempt and return its id, or None when it is one too many."""
        address = hmac.digest(self._key, address_of(request).encode(), "sha256").hex()
        return await self._attempts.begin(allowance, address)

    async def forgive(self, attempt_id: int) -> None:
        """Let an attempt count no longer."""
        await self._attempts.forgive(attempt_id)
