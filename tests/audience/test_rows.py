"""One account's rows: no query reaches another's, whatever it says."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from flodesk_mcp.audience.rows import Rows
from flodesk_mcp.audience.sqlite import SqliteFile
from flodesk_mcp.audience.tables import METADATA, mirrors, people, segments

pytestmark = pytest.mark.anyio

Two = tuple[Rows, Rows]


@pytest.fixture
async def two() -> AsyncIterator[Two]:
    """The rows of two accounts in one database: a segment of the same id in each."""
    file = SqliteFile(None, METADATA, 1)
    accounts = Rows(file, "one"), Rows(file, "two")
    for rows in accounts:
        async with rows.writing() as work:
            await work.put(segments, [{"id": "s", "name": rows.account}])
            await work.put(mirrors, [{"used_at": 1.0, "removed": 0}])
    yield accounts
    await file.aclose()


async def test_each_account_reads_its_own_rows(two: Two) -> None:
    for rows in two:
        async with rows.reading() as work:
            assert [row.name for row in await work.all(select(segments))] == [rows.account]
            assert await work.value(select(func.count()).select_from(segments)) == 1


@pytest.mark.parametrize("number", [1, 499, 500, 1_203])
async def test_however_many_rows_are_put_each_is_there_and_replaced_when_it_is_put_again(two: Two, number: int) -> None:
    one, other = two
    for name in ("first", "again"):
        rows = [{"id": f"{place:04}", "name": f"{name} {place}"} for place in range(number)]
        async with one.writing() as work:
            await work.put(segments, rows)
        async with one.reading() as work:
            found = await work.all(select(segments.c.id, segments.c.name).where(segments.c.id != "s"))
        assert sorted(map(tuple, found)) == [(row["id"], row["name"]) for row in rows]
    async with other.reading() as work:
        assert await work.value(select(func.count()).select_from(segments)) == 1


async def test_a_condition_that_is_always_true_reaches_no_other_account(two: Two) -> None:
    one, _ = two
    async with one.reading() as work:
        query = select(segments.c.name).where((segments.c.id == "s") | (segments.c.account == "two"))
        assert [row.name for row in await work.all(query)] == ["one"]


async def test_joined_tables_are_limited_each(two: Two) -> None:
    one, _ = two
    async with one.reading() as work:
        joined = select(segments.c.name).select_from(segments.join(mirrors, mirrors.c.removed == 0))
        assert [row.name for row in await work.all(joined)] == ["one"]
        twin = segments.alias()
        beside = select(segments.c.name, twin.c.name.label("twin")).where(segments.c.id == twin.c.id)
        assert [tuple(row) for row in await work.all(beside)] == [("one", "one")]


async def test_changes_stay_within_the_account(two: Two) -> None:
    one, other = two
    async with one.writing() as work:
        assert await work.change(update(segments).values(name="changed")) == 1
        await work.put(segments, [{"id": "s", "name": "put", "account": "two"}])
        assert await work.change(delete(segments)) == 1
    async with other.reading() as work:
        assert [row.name for row in await work.all(select(segments))] == ["two"]


@pytest.mark.parametrize(
    "query",
    [
        select(segments).where(segments.c.id.in_(select(people.c.id))),
        select(select(segments.c.name).subquery().c.name),
        select(segments).where(select(people.c.id).exists()),
        select(segments.c.id).union(select(people.c.id)),
        insert(segments).values(id="x", account="two"),
        delete(segments).where(segments.c.id.in_(select(people.c.id))),
        delete(segments).where(segments.c.id == people.c.id),
        text("SELECT * FROM mirrored_segments"),
    ],
)
async def test_what_cannot_be_limited_is_refused(two: Two, query: Any) -> None:
    one, _ = two
    with pytest.raises(TypeError):
        async with one.writing() as work:
            await work.all(query)


async def test_columns_hold_what_the_rows_of_the_account_do_in_their_order(two: Two) -> None:
    names = {"b": 'Zoë "Z", 💐', "a": "line\r\n\tbreak\\", "d": "nul\x00here\x7f\u2028", "c": None}
    for rows in two:
        async with rows.writing() as work:
            await work.change(delete(segments))
            await work.put(segments, [{"id": known, "name": name} for known, name in names.items()])
    one, _ = two
    in_order = select(segments.c.id, segments.c.name).order_by(segments.c.id.desc())
    async with one.reading() as work:
        assert await work.columns(in_order) == [["d", "c", "b", "a"], [names[known] for known in "dcba"]]
        assert await work.columns(in_order.limit(1)) == [["d"], [names["d"]]]
        assert await work.columns(in_order.where(segments.c.id == "none")) == [[], []]
        ids, found = await work.columns_among(in_order, segments.c.id, ["a", "none", "c", "a"])
        assert dict(zip(ids, found, strict=True)) == {"a": names["a"], "c": None}
        assert await work.columns_among(in_order, segments.c.id, []) == [[], []]


async def test_what_was_put_is_there_for_whoever_looks_next(two: Two) -> None:
    one, _ = two
    async with one.writing() as work:
        await work.put(segments, [{"id": "new", "name": "put"}])
        assert await work.change(update(segments).where(segments.c.id == "new").values(name="changed")) == 1
    async with one.reading() as work:
        assert await work.value(select(segments.c.name).where(segments.c.id == "new")) == "changed"


async def test_what_is_put_in_a_block_that_fails_is_not_stored(two: Two) -> None:
    one, _ = two

    async def put_and_fail() -> None:
        async with one.writing() as work:
            await work.put(segments, [{"id": "new", "name": "put"}])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await put_and_fail()
    async with one.reading() as work:
        assert await work.value(select(func.count()).select_from(segments)) == 1
