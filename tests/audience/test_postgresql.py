"""Mirrors of hosted accounts in PostgreSQL: the same as in files, and apart from each other."""

import time
from collections.abc import AsyncIterator

import anyio
import pytest
from sqlalchemy import text

from flodesk.changing import Flodesk
from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.conditions import Condition
from flodesk_mcp.audience.database_storage import DatabaseStorage, forget_unused
from flodesk_mcp.audience.tables import METADATA
from flodesk_mcp.sandbox import SANDBOX_API_KEY
from flodesk_mcp.sandbox.account import CustomField
from flodesk_mcp.store import Database

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The database is behind a socket, which virtual time would overtake."""
    return "asyncio"


@pytest.fixture
async def database(postgresql_url: str) -> AsyncIterator[Database]:
    opened = Database(postgresql_url)
    yield opened
    await opened.aclose()


def _audience(database: Database, flodesk: Flodesk, account: str = "one") -> Audience:
    return Audience(flodesk.client, DatabaseStorage(database, account))


async def test_the_migration_makes_the_tables_that_the_mirror_uses(database: Database) -> None:
    async with database.reading() as session:
        query = "SELECT table_name, column_name, is_nullable FROM information_schema.columns"
        made = {tuple(row) for row in await session.execute(text(query))}
        (partitions,) = (
            await session.execute(text("SELECT count(*) FROM pg_inherits WHERE inhparent = 'people'::regclass"))
        ).one()
    for table in METADATA.sorted_tables:
        for column in table.columns:
            assert (table.name, column.name, "YES" if column.nullable else "NO") in made
    assert partitions > 1


async def test_a_list_that_changes_is_mirrored_and_searched(database: Database) -> None:
    flodesk = Flodesk(420)
    account = flodesk.sandbox.accounts[SANDBOX_API_KEY]
    people = list(account.subscribers.values())
    people[7].first_name, people[7].custom_fields = "Zürich", {"birthday": "Mañana"}
    account.custom_fields["birthday"] = CustomField("birthday", "Birthday")
    flodesk.transport.changes = [lambda others: others.remove(*others.ids[5:8]), lambda others: others.add(4)]
    audience = _audience(database, flodesk)
    assert (await audience.search()).total == 421
    for condition in (
        Condition("first_name", "is", "zurich"),
        Condition("Birthday", "starts_with", "manana"),
        Condition("Birthday", "is_not_empty"),
    ):
        found = await audience.search(await audience.where([condition]))
        assert [person.id for person in found.people] == [people[7].id]
    where = await audience.where([Condition("segment", "is_not_empty"), Condition("created_at", "after", "2025-01-01")])
    assert await audience.mirror.count(where) == 421
    seen = [person.id async for batch in audience.mirror.people(where, batch=100) for person in batch]
    assert sorted(seen) == sorted(account.subscribers)
    await audience.flodesk.subscribers.unsubscribe(people[7].id)
    await audience.mirror.note(await audience.flodesk.subscribers.get(people[7].id))
    assert (await audience.search(await audience.where([Condition("status", "is", "unsubscribed")]))).total == 1


async def test_accounts_are_apart(database: Database) -> None:
    one, two = _audience(database, Flodesk(10)), _audience(database, Flodesk(20), "two")
    assert (await one.search()).total == 10
    assert not await two.mirror.exists()
    assert (await two.search()).total == 20
    await two.mirror.forget()
    assert not await two.mirror.exists()
    assert (await one.search()).total == 10


async def test_one_process_reads_and_the_other_waits_and_uses_it(database: Database) -> None:
    flodesk = Flodesk(900)
    flodesk.transport.seconds = 0.05
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_audience(database, flodesk).mirror.refresh)
        tasks.start_soon(_audience(database, flodesk).mirror.refresh)
    assert len(flodesk.sandbox.requests) < 900 / 80 + 3
    async with database.lock("reading one") as is_mine:
        assert is_mine
        async with database.lock("reading one") as is_mine_too:
            assert not is_mine_too


async def test_mirrors_that_nobody_uses_are_forgotten(database: Database) -> None:
    one, two = _audience(database, Flodesk(10)), _audience(database, Flodesk(20), "two")
    await one.search()
    now = time.time()
    await anyio.sleep(0.01)
    await two.search()
    await forget_unused(database, now)
    assert not await one.mirror.exists()
    assert await two.mirror.count() == 20
