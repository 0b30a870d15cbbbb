"""The rows of a plan, by hundreds in a row of the database: storing each alone would take longer than all the rest."""

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Literal, NamedTuple, get_args

from pydantic_core import from_json, to_json
from sqlalchemy import delete, select

from flodesk_mcp.audience.plan_tables import plan_blocks
from flodesk_mcp.audience.rows import Rows

__all__ = ["NAMELESS", "Action", "Names", "NewRow", "PlanRow", "PlanRows"]

BLOCK = 200
BLOCKS_AT_ONCE = 10

Action = Literal["write", "remove", "unchanged", "skip"]


Names = tuple[Sequence[str], Sequence[str]]
"""Of the fields, and of the custom fields, whose values stand in rows without them."""

NAMELESS: Names = ((), ())


class PlanRow(NamedTuple):
    """What shall be done with one row. `content` is what is wanted, but for the address."""

    row: int
    action: Action
    email: str | None
    reason: str | None = None
    content: list[Any] | None = None


NewRow = tuple[int, Action, str | None] | tuple[int, Action, str | None, str | None, Sequence[Any] | None]
"""The same without names, which takes a quarter of the time to make. Most are unchanged, of which no more is said.

So may be fields and custom fields in the content, then with a value for each of the Names, and blank ones say nothing.
"""


class PlanRows:
    """The rows of one plan in the order of their numbers. Who makes the plan does so with one of these."""

    def __init__(self, rows: Rows, plan: str) -> None:
        self._rows = rows
        self._plan = plan
        self._lasts = array("q")  # of the blocks that were appended

    async def append(self, rows: Sequence[NewRow], names: Names = NAMELESS) -> int:
        """Add rows in their order, behind all others; return their fingerprint."""
        blocks = [rows[first : first + BLOCK] for first in range(0, len(rows), BLOCK)]
        self._lasts.extend([block[-1][0] for block in blocks])
        return await self._put((block[-1][0], _text(block, names)) for block in blocks)

    async def numbered(self, numbers: Iterable[int]) -> list[PlanRow]:
        """Return the rows of those `numbers`, which were appended."""
        wanted = set(numbers)
        return [row async for _, text in self._blocks_of(wanted) for row in _parsed(text) if row.row in wanted]

    async def replace(self, rows: Iterable[NewRow]) -> int:
        """Put rows, which were appended, in the place of those of the same numbers.

        Returns what that makes of the fingerprint.
        """
        by_number = {row[0]: row for row in rows}
        before, after = 0, []
        async for last, text in self._blocks_of(by_number):
            before += _fingerprint(last, text)
            after.append((last, _text([by_number.get(row.row, row) for row in _parsed(text)])))
        return await self._put(after) - before

    async def after(self, row: int, limit: int, actions: Sequence[Action] = get_args(Action)) -> list[PlanRow]:
        """Return up to `limit` rows with one of `actions` behind the row of that number."""
        found: list[PlanRow] = []
        async for _, text in self._blocks(row):
            found += [one for one in _parsed(text) if one.row > row and one.action in actions]
            if len(found) >= limit:
                break
        return found[:limit]

    async def fingerprint(self) -> int:
        """Return a number that stands for all that shall be done."""
        return sum([_fingerprint(last, text) async for last, text in self._blocks(-1)])

    async def discard(self) -> None:
        """Forget them: what they say of people is needed no longer."""
        async with self._rows.writing() as work:
            await work.change(delete(plan_blocks).where(plan_blocks.c.plan == self._plan))

    async def _put(self, blocks: Iterable[tuple[int, str]]) -> int:
        """Store blocks, and return their fingerprint."""
        made = list(blocks)
        async with self._rows.writing() as work:
            await work.put(plan_blocks, [{"plan": self._plan, "last": last, "rows": text} for last, text in made])
        return sum(_fingerprint(last, text) for last, text in made)

    async def _blocks(self, row: int) -> AsyncIterator[tuple[int, str]]:
        """Yield the blocks with rows behind that of that number."""
        found: Sequence[Any] = [None]
        while found:
            query = _BLOCKS.where(plan_blocks.c.plan == self._plan, plan_blocks.c.last > row)
            async with self._rows.reading() as work:
                found = await work.all(query.order_by(plan_blocks.c.last).limit(BLOCKS_AT_ONCE))
            for block in found:
                row = block.last
                yield block.last, block.rows

    async def _blocks_of(self, numbers: Iterable[int]) -> AsyncIterator[tuple[int, str]]:
        """Yield the blocks that hold the rows of those `numbers`."""
        lasts = sorted({self._lasts[bisect_left(self._lasts, number)] for number in numbers})
        for first in range(0, len(lasts), BLOCKS_AT_ONCE):
            wanted = plan_blocks.c.last.in_(lasts[first : first + BLOCKS_AT_ONCE])
            async with self._rows.reading() as work:
                found = await work.all(_BLOCKS.where(plan_blocks.c.plan == self._plan, wanted))
            for block in found:
                yield block.last, block.rows


_BLOCKS = select(plan_blocks.c.last, plan_blocks.c.rows)


def _text(rows: Sequence[NewRow], names: Names = NAMELESS) -> str:
    return to_json([names, rows]).decode()


def _parsed(text: str) -> list[PlanRow]:
    (fields, custom_fields), rows = from_json(text)
    found = [PlanRow(*row) for row in rows]
    for row in found:
        if row.content and isinstance(row.content[1], list):
            row.content[1:3] = _named(fields, row.content[1]), _named(custom_fields, row.content[2])
    return found


def _named(names: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in zip(names, values, strict=True) if value}


def _fingerprint(last: int, text: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{last} {text}".encode()).digest())
