"""The tokens of the accounts that somebody signed in to: replaced by one process at a time."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from flodesk_mcp.store.database import Database
from flodesk_mcp.store.errors import StoreError
from flodesk_mcp.store.models import AccountRow
from flodesk_mcp.store.sealing import Sealer
from flodesk_mcp.token_pair import TokenPair

__all__ = ["StoredLogins"]


class StoredLogins:
    """Pairs of tokens in the database, sealed, by the id of their account."""

    def __init__(self, database: Database, sealer: Sealer, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._sealer = sealer
        self._now = now

    @asynccontextmanager
    async def alone(self, account_id: str) -> AsyncIterator[None]:
        """Keep every other process out that wants to renew the same login.

        Raises StoreError when another takes too long.
        """
        async with self._database.alone(account_id):
            yield

    async def read(self, account_id: str) -> TokenPair | None:
        """Return the tokens that are stored; None if the person must sign in again.

        Raises StoreError, also for an account that is gone.
        """
        async with self._database.reading() as session:
            row = await session.get(AccountRow, account_id)
        if row is None:
            raise _gone()
        return None if row.signed_out_at is not None else self._pair(row)

    async def replace(self, account_id: str, used: TokenPair, new: TokenPair) -> TokenPair:
        """Store `new` in the place of `used`, and return what is stored: another pair, if somebody signed in meanwhile.

        Raises StoreError.
        """
        async with self._database.writing() as session:
            row = await self._locked(session, account_id)
            stored = self._pair(row)
            if stored is None:
                raise _gone()
            if stored != used:
                return stored
            row.sealed_credential = self._sealer.seal(account_id, "oauth", new.secret())
            row.signed_out_at = None
        return new

    async def give_up(self, account_id: str, used: TokenPair) -> None:
        """Note that `used` opens nothing any more, and that the person must sign in again.

        Raises StoreError.
        """
        async with self._database.writing() as session:
            row = await self._locked(session, account_id)
            if self._pair(row) == used:
                row.signed_out_at = int(self._now())

    async def _locked(self, session: AsyncSession, account_id: str) -> AccountRow:
        row = await session.get(AccountRow, account_id, with_for_update=True)
        if row is None:
            raise _gone()
        return row

    def _pair(self, row: AccountRow) -> TokenPair | None:
        credential = self._sealer.open(row.id, row.sealed_credential)
        return TokenPair.of(credential.secret.get_secret_value()) if credential.kind == "oauth" else None


def _gone() -> StoreError:
    return StoreError("The sign-in is no longer stored.")
