"""Jobs of hosted accounts in PostgreSQL: one replica runs each, and another goes on where it stopped."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from sqlalchemy import text

from flodesk_mcp.audience.database_storage import DatabaseStorage
from flodesk_mcp.audience.job_store import JobStore
from flodesk_mcp.audience.job_tables import JOB_TABLES
from flodesk_mcp.audience.jobs import Jobs
from flodesk_mcp.store import Database

from .counting import Counting

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The database is behind a socket, which virtual time would overtake."""
    return "asyncio"


@asynccontextmanager
async def replica(url: str, kind: Counting, account: str = "one") -> AsyncIterator[Jobs]:
    """One of the processes that share the database."""
    database = Database(url)
    try:
        async with anyio.create_task_group() as tasks:
            yield Jobs(JobStore(DatabaseStorage(database, account)), [kind], tasks.start_soon)
            tasks.cancel_scope.cancel()
    finally:
        await database.aclose()


async def test_the_migration_makes_the_tables_that_jobs_use(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    async with database.reading() as session:
        query = "SELECT table_name, column_name, is_nullable FROM information_schema.columns"
        made = {tuple(row) for row in await session.execute(text(query))}
    await database.aclose()
    for table in JOB_TABLES.sorted_tables:
        for column in table.columns:
            assert (table.name, column.name, "YES" if column.nullable else "NO") in made


async def test_of_two_replicas_one_runs_a_job_and_the_other_follows_it(postgresql_url: str) -> None:
    async def slowly(_: int) -> None:
        await anyio.sleep(0.02)

    one, other = Counting(slowly), Counting(slowly)
    async with replica(postgresql_url, one) as jobs, replica(postgresql_url, other) as others:
        begun = await jobs.start("counting", {"to": 20})
        others.resume()
        ended = await others.wait(begun.id, 60)

    assert ended.state == "done"
    assert sorted(one.counted + other.counted) == list(range(1, 21))
    assert not (one.counted and other.counted)


async def test_another_replica_goes_on_where_the_first_one_ended(postgresql_url: str) -> None:
    async def hang(number: int) -> None:
        if number == 4:
            await anyio.sleep_forever()

    first, second = Counting(hang), Counting()
    async with replica(postgresql_url, first) as jobs:
        begun = await jobs.start("counting", {"to": 6})
        await first.reached(4)
    async with replica(postgresql_url, second) as jobs:
        jobs.resume()
        ended = await jobs.wait(begun.id, 60)
        problems = await jobs.problems(begun.id)

    assert (first.counted, second.counted) == ([1, 2, 3], [4, 5, 6])
    assert (ended.state, ended.written, problems) == ("done", 6, [])


async def test_accounts_do_not_see_or_hold_up_each_other(postgresql_url: str) -> None:
    async def hang(_: int) -> None:
        await anyio.sleep_forever()

    async with replica(postgresql_url, Counting(hang)) as jobs, replica(postgresql_url, Counting(), "two") as others:
        await jobs.start("counting", {"to": 1})
        theirs = await others.start("counting", {"to": 3})
        assert (await others.wait(theirs.id, 60)).state == "done"
        assert [job.id for job in await others.latest()] == [theirs.id]
