"""Where the mirrors of a hosted server live: in its PostgreSQL, one table for all accounts."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from flodesk_mcp.audience.errors import StorageFailed
from flodesk_mcp.audience.job_store import PARTS_KEPT_SECONDS, UNFINISHED
from flodesk_mcp.audience.job_tables import JOB_TABLES, jobs
from flodesk_mcp.audience.over import forget_over_of
from flodesk_mcp.audience.plan import PLAN_SECONDS
from flodesk_mcp.audience.plan_tables import plans
from flodesk_mcp.audience.rows import Rows
from flodesk_mcp.audience.tables import METADATA, mirrors

if TYPE_CHECKING:
    from flodesk_mcp.store import Database

__all__ = [
    "DatabaseConnection",
    "DatabaseStorage",
    "accounts_with_abandoned_jobs",
    "forget_over",
    "forget_unused",
    "unfinished_jobs",
]


T = TypeVar("T")


class DatabaseConnection:
    """A connection of SQLAlchemy's to a database that answers without a thread: nothing need be put off."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.execute = connection.execute
        self.dialect = connection.dialect
        self._run_sync = connection.run_sync

    async def run_sync(self, step: Callable[..., T], *arguments: Any) -> T:
        """Return what `step` does with the connection."""
        return await self._run_sync(step, *arguments)

    async def put_off(self, step: Callable[..., object], *arguments: Any) -> None:
        """Do `step` at once."""
        await self._run_sync(step, *arguments)


class DatabaseStorage:
    """The rows of one account in the database of a hosted server, which others of its processes share."""

    def __init__(self, database: "Database", account: str) -> None:
        self._database = database
        self._account = account
        self.mirror = self.jobs = Rows(_Connections(database), account)

    async def exists(self) -> bool:
        """Tell whether there is a mirror."""
        async with self.mirror.reading() as work:
            return await work.first(select(mirrors.c.used_at)) is not None

    def lock(self, name: str) -> AbstractAsyncContextManager[bool]:
        """Hold a lock that ends with this process, for a block; it gets whether nobody else holds it."""
        return self._database.lock(f"{name} {self._account}")

    def has_jobs(self) -> bool:
        """Tell whether there may be any."""
        return True

    def turn(self) -> AbstractAsyncContextManager[bool]:
        """Hold what must be held to run jobs, for a block; it gets whether nobody else holds it."""
        return self.lock("jobs")

    async def used(self) -> None:
        """Take note that the mirror is in use."""
        async with self.mirror.writing() as work:
            await work.change(update(mirrors).values(used_at=time.time()))

    async def forget(self) -> None:
        """Delete the mirror."""
        async with self.mirror.writing() as work:
            for table in METADATA.sorted_tables:
                await work.change(delete(table))

    async def erase(self) -> None:
        """Delete everything of the account: the mirror, jobs and their reports, plans, exports."""
        async with self.mirror.writing() as work:
            for table in (*METADATA.sorted_tables, *JOB_TABLES.sorted_tables):
                await work.change(delete(table))

    async def set_aside(self) -> str | None:
        """Begin a new mirror. Nothing is kept aside: what a database keeps is its operator's to say."""
        await self.forget()
        return None

    def place(self) -> str:
        """Return where it is, for people."""
        return "the server's database"

    async def aclose(self) -> None:
        """Leave the database open: it is the server's."""


async def forget_unused(database: "Database", before: float) -> None:
    """Delete the mirrors of all accounts that nobody has used since `before`, in seconds since 1970.

    This and the next one are the queries on several accounts. Raises StorageFailed.
    """
    unused = select(mirrors.c.account).where(mirrors.c.used_at < before)
    async with _Connections(database).writing() as connection:
        accounts = (await connection.execute(unused)).scalars().all()
        for table in METADATA.sorted_tables if accounts else ():
            await connection.execute(delete(table).where(table.c.account.in_(accounts)))


async def accounts_with_abandoned_jobs(database: "Database", now: float) -> set[str]:
    """Return the accounts of jobs that are not finished, and that no process keeps. Raises StorageFailed."""
    abandoned = select(jobs.c.account).where(jobs.c.state.in_(UNFINISHED), jobs.c.lease_until < now).distinct()
    async with _Connections(database).reading() as connection:
        return set((await connection.execute(abandoned)).scalars())


async def forget_over(database: "Database", now: float) -> None:
    """Forget the jobs and plans of all accounts whose time is over. Raises StorageFailed."""
    old = jobs.c.ended_at < now - PARTS_KEPT_SECONDS
    async with _Connections(database).reading() as connection:
        found = await connection.execute(
            select(jobs.c.account)
            .where(old)
            .union(select(plans.c.account).where(plans.c.created_at < now - PLAN_SECONDS))
        )
        accounts = found.scalars().all()
    for account in accounts:
        await forget_over_of(Rows(_Connections(database), account), now)


async def unfinished_jobs(database: "Database") -> dict[str, int]:
    """Return how many jobs of all accounts are in each state that is not an end. Raises StorageFailed."""
    number = func.count().label("number")
    query = select(jobs.c.state, number).where(jobs.c.state.in_(UNFINISHED)).group_by(jobs.c.state)
    async with _Connections(database).reading() as connection:
        return {row.state: row.number for row in (await connection.execute(query)).all()}


class _Connections:
    def __init__(self, database: "Database") -> None:
        self._database = database

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[DatabaseConnection]:
        async with _in_own_words(), self._database.reading() as session:
            yield DatabaseConnection(await session.connection())

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[DatabaseConnection]:
        async with _in_own_words(), self._database.writing() as session:
            yield DatabaseConnection(await session.connection())


@asynccontextmanager
async def _in_own_words() -> AsyncIterator[None]:
    from flodesk_mcp.store import StoreError  # there wherever a database is

    try:
        yield
    except StoreError as error:
        raise StorageFailed(str(error)) from error
