"""Finding who is gone or has another status without reading everybody: by halves.

Flodesk tells how many people of a status there are, and shows any page of them. Where the mirror has as many people
before somebody as Flodesk has, it lacks none of those; so a difference is found by a look at the page in the middle of
what is in doubt, again and again. What is found is looked up before it is believed: the list may change meanwhile.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, or_, select, true

from flodesk_mcp.audience.rows import Rows, Work
from flodesk_mcp.audience.tables import people
from flodesk_mcp.audience.writing import count_of, put_people, remove_people
from flodesk_mcp.flodesk import NotFound, Page, Subscriber
from flodesk_mcp.flodesk.plain import PlainSubscriber, plain

__all__ = ["Comparison"]

STATUSES = ("active", "unsubscribed", "unconfirmed", "bounced", "complained", "cleaned", "archived")
PER_PAGE = 100
MOST_SUSPECTS = 100
LEAST_LOOKS = 20

ListPage = Callable[[int, int, str | None], Awaitable[Page[PlainSubscriber]]]


@dataclass(frozen=True)
class _Doubt:
    """A stretch of Flodesk's list, and that of the mirror between the same two people."""

    begin: int
    end: int
    mirror_begin: int
    mirror_end: int

    @property
    def is_settled(self) -> bool:
        """Whether there are as many people here as there."""
        return self.end - self.begin == self.mirror_end - self.mirror_begin


@dataclass
class _Findings:
    unknown: dict[str, PlainSubscriber] = field(default_factory=dict)
    suspects: set[str] = field(default_factory=set)


class _TooMany(Exception):
    """There are so many differences that reading the list costs less."""


class Comparison:
    """Compares the mirror with Flodesk, and corrects it. Pages come from `list_page`, one person from `get`."""

    def __init__(
        self,
        list_page: ListPage,
        get: Callable[[str], Awaitable[Subscriber]],
        rows: Rows,
        clock: Callable[[], float],
    ) -> None:
        self._list_page = list_page
        self._get = get
        self._rows = rows
        self._clock = clock
        self._looks = 0

    async def repair_statuses(self) -> bool:
        """Correct the people of each status of which there are not as many as at Flodesk; tell whether all agree now.

        Raises FlodeskError.
        """
        totals = {status: await self._total(status) for status in STATUSES}
        for status in sorted(STATUSES, key=lambda status: totals[status]):  # who left a long list is in a short one
            if await self._mirrored(status) != totals[status]:
                await self.repair(status)
        return [await self._mirrored(status) for status in STATUSES] == list(totals.values())

    async def repair(self, status: str | None) -> bool:
        """Correct the people of one status, or all; tell whether there are as many as at Flodesk now.

        Raises FlodeskError.
        """
        total = await self._total(status)
        self._looks = total // PER_PAGE // 2 + LEAST_LOOKS
        findings = _Findings()
        doubts = [_Doubt(0, total, 0, await self._mirrored(status))]
        try:
            while doubts:
                doubt = doubts.pop()
                if not doubt.is_settled:
                    doubts += await self._narrowed(doubt, status, findings)
        except _TooMany:
            return False
        await self._correct(findings)
        return await self._mirrored(status) == total

    async def _narrowed(self, doubt: _Doubt, status: str | None, findings: _Findings) -> list[_Doubt]:
        """Return what of a doubt is left after a look at its middle; a page or less of it is compared to the end."""
        if doubt.end - doubt.begin <= PER_PAGE:
            await self._compare(doubt, status, findings)
            return []
        first = (doubt.begin + doubt.end) // 2 // PER_PAGE * PER_PAGE
        page = await self._look(first, status)
        async with self._rows.reading() as work:
            for index, person in enumerate(page, first):
                if doubt.begin < index < doubt.end and (rank := await _rank(work, person["id"], status)) is not None:
                    return [
                        _Doubt(doubt.begin, index, doubt.mirror_begin, max(rank, doubt.mirror_begin)),
                        _Doubt(index, doubt.end, max(rank, doubt.mirror_begin), doubt.mirror_end),
                    ]
        raise _TooMany

    async def _compare(self, doubt: _Doubt, status: str | None, findings: _Findings) -> None:
        here: dict[str, PlainSubscriber] = {}
        for first in range(doubt.begin // PER_PAGE * PER_PAGE, doubt.end, PER_PAGE):
            here |= {person["id"]: person for person in await self._look(first, status)}
        begin, end = doubt.mirror_begin, doubt.mirror_end
        async with self._rows.reading() as work:
            query = select(people.c.id).where(_of(status)).order_by(people.c.created_us.desc(), people.c.id.desc())
            there = {row.id for row in await work.all(query.offset(begin).limit(max(end - begin, 0)))}
            known = {row.id for row in await work.all(select(people.c.id).where(people.c.id.in_(here), _of(status)))}
        findings.unknown |= {seen: person for seen, person in here.items() if seen not in known}
        findings.suspects |= there - here.keys()
        if len(findings.suspects) > MOST_SUSPECTS:
            raise _TooMany

    async def _correct(self, findings: _Findings) -> None:
        found, gone = list(findings.unknown.values()), []
        for suspect in findings.suspects:
            try:
                found.append(plain(await self._get(suspect)))
            except NotFound:
                gone.append(suspect)
        async with self._rows.writing() as work:
            await put_people(work, found, self._clock())
            await remove_people(work, people.c.id.in_(gone))

    async def _look(self, first: int, status: str | None) -> list[PlainSubscriber]:
        self._looks -= 1
        if self._looks < 0:
            raise _TooMany
        return (await self._list_page(first // PER_PAGE + 1, PER_PAGE, status)).data

    async def _total(self, status: str | None) -> int:
        return (await self._list_page(1, 1, status)).meta.total_items or 0

    async def _mirrored(self, status: str | None) -> int:
        async with self._rows.reading() as work:
            return await count_of(work, _of(status))


async def _rank(work: Work, id: str, status: str | None) -> int | None:
    """Return how many people of a status come before somebody in the mirror, or None for who is not among them."""
    created_us = await work.value(select(people.c.created_us).where(people.c.id == id, _of(status)))
    if created_us is None:
        return None
    tied = and_(people.c.created_us == created_us, people.c.id > id)
    return await count_of(work, _of(status), or_(people.c.created_us > created_us, tied))


def _of(status: str | None) -> ColumnElement[bool]:
    return true() if status is None else people.c.status == status
