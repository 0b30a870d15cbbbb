"""With which keys the server opens credentials, so that no command encrypts with another."""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from flodesk_mcp.store.database import Database
from flodesk_mcp.store.errors import StoreError
from flodesk_mcp.store.models import AccountRow, ServingKeyRow
from flodesk_mcp.store.sealing import Sealer

__all__ = ["ServingKeys"]


class ServingKeys:
    """The keys that the server was last started with, as fingerprints."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def note(self) -> None:
        """Note with which keys this server opens credentials.

        Raises StoreError when the database cannot be changed.
        """
        keys = set(self._sealer.fingerprints or ("",))
        noted = select(ServingKeyRow.fingerprint)
        async with self._database.reading() as session:
            known = set((await session.execute(noted)).scalars())
        if known == keys:
            return
        async with self._database.writing() as session:
            await session.execute(delete(ServingKeyRow))
            session.add_all(ServingKeyRow(fingerprint=key) for key in keys)

    async def check(self, session: AsyncSession) -> None:
        """Raise StoreError when the server could not open what is encrypted with the first key, or no key opens one."""
        known = set((await session.execute(select(ServingKeyRow.fingerprint))).scalars())
        if known and not known.intersection(self._sealer.fingerprints[:1]):
            raise StoreError(
                "The server on this database was started without the first of these FLODESK_ENCRYPTION_KEYS, and could "
                "not open what it encrypts: use the server's keys, or restart it with these first."
            )
        for account in (await session.execute(select(AccountRow))).scalars():
            self._sealer.open(account.id, account.sealed_credential)
