"""How often an address may try something within a time, counted for all processes together."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, func, select

from flodesk_mcp.store.database import Database
from flodesk_mcp.store.models import AttemptRow

__all__ = ["Allowance", "StoredAttempts"]


@dataclass(frozen=True)
class Allowance:
    """At most so many of a kind of attempt within so many seconds."""

    kind: str
    most: int
    seconds: int


class StoredAttempts:
    """Attempts in the database, of each the moment and a hash of the address."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    async def begin(self, allowance: Allowance, address: str) -> int | None:
        """Count one more attempt of `address` and return its id, or None when it is one too many.

        It is stored before it is counted, so that none of many at once is overlooked.
        """
        now = int(self._now())
        attempt = AttemptRow(kind=allowance.kind, address=address, at=now)
        async with self._database.writing() as session:
            session.add(attempt)
        recent = (
            AttemptRow.kind == allowance.kind,
            AttemptRow.address == address,
            AttemptRow.at > now - allowance.seconds,
        )
        query = select(func.count()).select_from(AttemptRow).where(*recent, AttemptRow.id <= attempt.id)
        async with self._database.reading() as session:
            rank = (await session.execute(query)).scalar_one()
        if rank <= allowance.most:
            return attempt.id
        await self.forgive(attempt.id)  # whoever goes on and on need not wait longer than others
        return None

    async def forgive(self, attempt_id: int) -> None:
        """Let an attempt count no longer."""
        async with self._database.writing() as session:
            await session.execute(delete(AttemptRow).where(AttemptRow.id == attempt_id))

    async def sweep(self, seconds: int) -> None:
        """Forget those that are older than that."""
        async with self._database.writing() as session:
            await session.execute(delete(AttemptRow).where(AttemptRow.at <= int(self._now()) - seconds))
