"""When something was last used, remembered until it is stored: no request waits for that."""

from sqlalchemy import bindparam, update

from flodesk_mcp.store.database import Database
from flodesk_mcp.store.errors import StoreError
from flodesk_mcp.store.models import GrantRow, TokenRow

__all__ = ["Uses"]

NOTED_EVERY_SECONDS = 60


class Uses:
    """The last uses of the rows of a table, to the minute."""

    def __init__(self, database: Database, table: type[TokenRow | GrantRow]) -> None:
        self._database = database
        self._table = table
        self._used: dict[str, int] = {}

    def note(self, row: TokenRow | GrantRow, now: float) -> None:
        """Remember that `row` is used, unless that was stored within the last minute."""
        if row.last_used_at is None or row.last_used_at <= now - NOTED_EVERY_SECONDS:
            self._used[row.id] = int(now)

    async def store(self) -> None:
        """Store what is remembered.

        Raises StoreError when the database cannot be changed; then the next time stores these, too.
        """
        used, self._used = self._used, {}
        if not used:
            return
        query = update(self._table.__table__).where(self._table.id == bindparam("used"))  # type: ignore[arg-type] # a Table
        rows = [{"used": row_id, "at": used[row_id]} for row_id in sorted(used)]  # in one order for all replicas
        try:
            async with self._database.writing() as session:
                await (await session.connection()).execute(query.values(last_used_at=bindparam("at")), rows)
        except StoreError:
            self._used = used | self._used
            raise
