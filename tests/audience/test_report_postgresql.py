"""The same report from PostgreSQL, where hosted servers keep everybody's people in one table."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.conditions import Condition, Where
from flodesk_mcp.audience.database_storage import DatabaseConnection
from flodesk_mcp.audience.reporting import Names, report_on
from flodesk_mcp.audience.rows import Rows
from flodesk_mcp.audience.tables import METADATA, people, readings
from flodesk_mcp.sandbox import Account
from flodesk_mcp.sandbox.account import Subscriber

from .conftest import NOW, Clock

pytestmark = pytest.mark.anyio

VIP = "3e645b1e6b81ac90ec4a722e"


@pytest.fixture
def anyio_backend() -> str:
    """Real time: the database is another process."""
    return "asyncio"


@pytest.fixture
async def engine(postgresql: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(postgresql.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    yield engine
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.drop_all)
    await engine.dispose()


class Connections:
    """To PostgreSQL, without what hosting puts around them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[DatabaseConnection]:
        async with self._engine.begin() as connection:
            yield DatabaseConnection(connection)

    writing = reading


@pytest.mark.parametrize("segment_id", [None, VIP])
async def test_both_databases_report_the_same_of_one_account_among_several(
    engine: AsyncEngine, audience: Audience, account: Account, clock: Clock, segment_id: str | None
) -> None:
    for number, email in enumerate(
        ["anna@gmial.com", "a.b@gmail.com", "ab+x@gmail.com", "no address", "owner@shop.con"]
    ):
        known = f"{number:024x}"
        account.subscribers[known] = Subscriber(known, email, NOW - timedelta(days=number), segment_ids=[VIP])
    await audience.mirror.refresh()
    next(iter(account.subscribers.values())).status = "archived"
    clock.now += timedelta(days=1)
    expected = await audience.report(segment_id, days=400)
    mine, others = Rows(Connections(engine), "mine"), Rows(Connections(engine), "others")
    for table in (people, readings):
        async with audience.mirror.rows.reading() as work:
            rows = [dict(row._mapping) for row in await work.all(select(table))]
        for copy, kept in ((mine, rows), (others, rows[::2])):
            async with copy.writing() as work:
                await work.put(table, kept)
    names = Names(await audience.mirror.segment_names(), await audience.flodesk.custom_fields.labels())
    among = Where([Condition("segment", "is", segment_id)]).clause() if segment_id else None
    async with mine.reading() as work:
        found = await report_on(work, names, clock.now, 400, expected.as_of, segment_id, among)
    assert found == expected
    assert (found.mistyped_people, found.twin_groups > 0) == (2, True)
