"""Planning who shall be in a segment: at least some people, or exactly those."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from flodesk_mcp.audience.comparing import MAX_SEGMENTS, SILENT, OnList, Wanted
from flodesk_mcp.audience.conditions import Condition, Where
from flodesk_mcp.audience.draft import WORKFLOWS, Draft
from flodesk_mcp.audience.files import ADDED, CREATE, REMOVED, Understanding
from flodesk_mcp.audience.mirror import Mirror
from flodesk_mcp.audience.person import Person
from flodesk_mcp.audience.plan import Plan
from flodesk_mcp.audience.plan_rows import NewRow
from flodesk_mcp.audience.source import PeopleOf, Source
from flodesk_mcp.audience.taking import Taking, Verdict
from flodesk_mcp.audience.words import counted
from flodesk_mcp.flodesk import Segment

__all__ = ["SYNC", "SyncPlanning"]

SYNC = "segment_sync"
HALF = 0.5
ABSENT = "is not on the list, and nobody is created unless the row says so in a column `create`"


class SyncPlanning:
    """Makes the plan of who joins `segment`, and with `remove_others`, of who leaves it.

    `custom_fields` are labels by key: what rows say of those whom they create.
    """

    def __init__(
        self,
        draft: Draft,
        mirror: Mirror,
        segment: Segment,
        custom_fields: Mapping[str, str],
        *,
        columns: Mapping[str, str] | None = None,
        remove_others: bool = False,
    ) -> None:
        self._draft = draft
        self._mirror = mirror
        self._segment = segment
        self._custom_fields = custom_fields
        self._columns = columns
        self._remove_others = remove_others
        self._undoes = False
        self._taking = Taking(draft, mirror, self._resolve, self._verdict, compared={"id", "segments"})

    async def plan(self, source: Source) -> Plan:
        """Read all of `source`; the report of an earlier sync is put back. Raises FileRefused, AudienceError."""
        people = PeopleOf(source, Understanding(self._custom_fields, self._columns))
        async for chunk in people:
            await self._taking.take(chunk)
        told = {"columns": people.columns, "ignored_columns": people.ignored}
        return await self._finish({name: value for name, value in told.items() if value})

    async def plan_of(self, where: Where | None) -> Plan:
        """Take those who match. Raises AudienceError."""
        numbers = count(1)
        async for people in self._mirror.people(where):
            self._draft.counts["rows"] += len(people)
            wanted = [self._wanted(person, next(numbers)) for person in people]
            await self._draft.put(
                [self._taking.of_list(one, person) for one, person in zip(wanted, people, strict=True)]
            )
        return await self._finish({})

    def _wanted(self, person: Person, row: int) -> Wanted:
        wanted = Wanted(row, person.email or "")
        wanted.segments = [self._segment.id]
        return wanted

    def _resolve(self, people: Sequence[Wanted]) -> None:
        for wanted in people:
            wanted.segments = [self._segment.id]
            self._undoes = self._undoes or wanted.says in {ADDED, REMOVED}

    def _verdict(self, wanted: Wanted, person: OnList | None) -> Verdict:  # noqa: PLR0911 - a table
        if wanted.opted_out:
            return "skip", f"wants no mail: {wanted.opted_out}", ("stays_unsubscribed",)
        if person is None:
            if wanted.says != CREATE or not wanted.email:
                return "skip", ABSENT, ("invalid",)
            return "write", ADDED, ("to_add", "new")
        wanted.id, wanted.fields, wanted.custom_fields = person.id, {}, {}
        is_member = self._segment.id in person.segments
        if wanted.says == ADDED:
            return ("remove", REMOVED, ("to_remove",)) if is_member else ("unchanged", None, ("unchanged",))
        if person.status in SILENT and wanted.says != REMOVED:  # whom that sync had found in the segment
            return "skip", f"is {person.status} at Flodesk, and stays so", ("stays_unsubscribed",)
        if is_member:
            return "unchanged", None, ("unchanged",)
        if len(person.segments) >= MAX_SEGMENTS:
            return "skip", f"is in {MAX_SEGMENTS} segments, and Flodesk allows no more", ("invalid",)
        return "write", ADDED, ("to_add",)

    async def _remove_all_others(self) -> int:
        """Plan the removal of everybody whom no row names; return how many are in the segment."""
        members = 0
        number = self._draft.last_row
        async for people in self._mirror.people(Where([Condition("segment", "is", self._segment.id)])):
            members += len(people)
            others = [person for person in people if not self._taking.names(person)]
            await self._draft.put([self._taking_away(row, person) for row, person in enumerate(others, number + 1)])
            number += len(others)
        return members

    def _taking_away(self, row: int, person: Person) -> NewRow:
        self._draft.counts["to_remove"] += 1
        wanted = self._wanted(person, row)
        wanted.id = person.id
        return row, "remove", person.email, REMOVED, wanted.parts()

    async def _finish(self, told: Mapping[str, Any]) -> Plan:
        counts, warn = self._draft.counts, self._draft.warnings.append
        if self._remove_others and not self._undoes:
            members = await self._remove_all_others()
            if counts["to_remove"] > members * HALF:
                warn(
                    f"More than half of the segment is removed: {counts['to_remove']:,} of {members:,} people. "
                    "Removing one takes a request of its own, and so would putting them back."
                )
        elif self._remove_others:
            warn("This is the report of a sync: it is put back as it says, and nobody else is removed.")
        if counts["to_add"]:
            warn(WORKFLOWS)
        if counts["new"]:
            warn(f"{counted(counts['new'], 'person is', 'people are')} created, because the rows say so.")
        arguments = {
            "fields_to_create": [],
            "segments_to_create": [],
            "segment": {"id": self._segment.id, "name": self._segment.name},
        }
        return await self._draft.finish(arguments, told)
