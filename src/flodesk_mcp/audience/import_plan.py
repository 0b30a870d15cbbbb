"""Planning an import: who is new, who changes and how, and who is left alone."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import compress, count
from operator import ne
from typing import Any

from flodesk_mcp.audience.comparing import MAX_SEGMENTS, SILENT, Known, Wanted, changes, note_on
from flodesk_mcp.audience.draft import WORKFLOWS, Draft
from flodesk_mcp.audience.files import Understanding
from flodesk_mcp.audience.known import KnownPeople
from flodesk_mcp.audience.mirror import Mirror
from flodesk_mcp.audience.plan import Plan
from flodesk_mcp.audience.plan_rows import NewRow
from flodesk_mcp.audience.segment_names import SegmentNames
from flodesk_mcp.audience.source import Chunk, PeopleOf, Source
from flodesk_mcp.audience.taking import Taking, Verdict
from flodesk_mcp.audience.words import counted

__all__ = ["IMPORT", "ImportPlanning"]

IMPORT = "import"
MAX_LISTED = 10
REFUSES, UNPROVEN, CROWDED, LEFT_OUT, CHANGES = "refuses", "unproven", "crowded", "left out", "changes "
UNCHANGED, CHANGED = ("unchanged",), ("will_write",)
PROVEN_NEW, NEW = (*CHANGED, "new"), (*CHANGED, "new", UNPROVEN)


class ImportPlanning:
    """Makes the plan of one import, in which everybody joins `segments`: ids, or names of new ones.

    `custom_fields` are labels by key. Tags of which there is no segment are left out, and columns of which there is no
    field, unless `create_missing_fields`.
    """

    def __init__(
        self,
        draft: Draft,
        mirror: Mirror,
        names: SegmentNames,
        custom_fields: Mapping[str, str],
        *,
        segments: Sequence[str] = (),
        columns: Mapping[str, str] | None = None,
        double_optin: bool = False,
        create_missing_fields: bool = False,
    ) -> None:
        self._draft = draft
        self._taking = Taking(draft, mirror, self._resolve, self._verdict, self._plain_rows)
        self._names = names
        self._custom_fields = custom_fields
        self._everyone = names.of(segments, create=True)
        self._columns = columns
        self._double_optin = double_optin
        self._create = create_missing_fields

    async def plan(self, source: Source) -> Plan:
        """Read all of `source`. Raises FileRefused, AudienceError."""
        understanding = Understanding(self._custom_fields, self._columns, create_missing_fields=self._create)
        people = PeopleOf(source, understanding)
        async for chunk in people:
            self._taking.compared = self._compared(people.columns.values())
            await self._taking.take(chunk)
        arguments = {
            "double_optin": self._double_optin,
            "fields_to_create": people.fields_to_create,
            "segments_to_create": [*self._names.to_create.values()],
        }
        numbers = self._numbers()
        self._warn(numbers, people.fields_to_create)
        told = {
            "changes": numbers["changes"],
            "columns": people.columns,
            "ignored_columns": people.ignored,
            "fields_to_create": people.fields_to_create,
            "segments_to_create": arguments["segments_to_create"],
        }
        return await self._draft.finish(arguments, {name: value for name, value in told.items() if value})

    def _compared(self, fields: Collection[str]) -> set[str]:
        """Return what has to be known of those on the list, seeing what the list to import says of them."""
        named = {name for name in ("first_name", "last_name", "optin_ip", "optin_timestamp") if name in fields}
        if "full_name" in fields:
            named |= {"first_name", "last_name"}
        joins = "segments" in fields or any(self._everyone)
        return {*named, "custom_fields", *(["segments"] if joins else [])}

    def _plain_rows(self, chunk: Chunk, known: KnownPeople, places: Sequence[int]) -> dict[int, NewRow]:
        """Return what `_verdict` comes to for those of whom columns say all: by columns, because they are many."""
        ids, new = self._everyone
        room = MAX_SEGMENTS - len(ids) - len(new)
        if room < 0 or not chunk.custom_fields.keys() <= self._custom_fields.keys():
            return {}
        emails, addresses, statuses = chunk.emails, known.column("email"), known.column("status")
        segments = known.column("segments") if ids or new else None
        if rare := chunk.rare():
            places = [place for place in places if place not in rare]
        strangers = [place for place in places if emails[place] and not known.has(place)]
        there = [place for place in places if addresses[place] and emails[place] and statuses[place] not in SILENT]
        if segments:
            there = [place for place in there if len(segments[place]) <= room]
        compared = [(name, texts, known.column(name)) for name, texts in chunk.fields.items()]
        custom = known.column("custom_fields")
        for name, texts in chunk.custom_fields.items():
            compared.append((name, texts, [values and values.get(name) for values in custom]))
        are_there, changed = {*there}, set[int]()
        for name, texts, before in compared:
            differ = [place for place in compress(count(), map(ne, texts, before)) if texts[place]]
            self._change(name, changed, are_there.intersection(differ))
        if segments:
            join = {place for place in there if new or not set(segments[place]).issuperset(ids)}
            self._change("segments", changed, join)
        self._count(PROVEN_NEW if self._double_optin else NEW, len(strangers))
        self._count(UNCHANGED, len(there) - len(changed))
        self._count(CHANGED, len(changed))
        rows: dict[int, NewRow] = {place: (chunk.rows[place], "unchanged", addresses[place]) for place in there}
        fields, own = _by_row(chunk.fields, len(emails)), _by_row(chunk.custom_fields, len(emails))
        rare_parts: tuple[Any, ...] = ({}, new, "", "", "") if new else ()
        for place in (*changed, *strangers):
            content = "", fields[place], own[place], ids, *rare_parts
            rows[place] = chunk.rows[place], "write", addresses[place] or emails[place], None, content
        return rows

    def _change(self, name: str, changed: set[int], places: Collection[int]) -> None:
        self._count([CHANGES + name], len(places))
        changed.update(places)

    def _count(self, names: Iterable[str], number: int) -> None:
        for name in names:
            self._draft.counts[name] += number

    def _resolve(self, people: Sequence[Wanted]) -> None:
        ids, new = self._everyone
        for wanted in people:
            if wanted.segments:
                own, own_new = self._names.of(wanted.segments, create=self._create)
                wanted.segments = [*dict.fromkeys([*ids, *own])]
                wanted.new_segments = [*dict.fromkeys([*new, *own_new])]
            else:
                wanted.segments, wanted.new_segments = ids, new
            if wanted.left_out:
                self._draft.counts[LEFT_OUT] += len(wanted.left_out)
                for problem in wanted.left_out:
                    self._draft.tell(problem)
                wanted.note = note_on(wanted.left_out)
            if self._create:
                wanted.divide(self._custom_fields)

    def _verdict(self, wanted: Wanted, person: Known | None) -> Verdict:
        if wanted.opted_out:
            return "skip", f"wants no mail: {wanted.opted_out}", ("stays_unsubscribed", REFUSES)
        if person is None:
            if not wanted.email:
                return "skip", "nobody on the list has this id", ("invalid",)
            proven = self._double_optin or "optin_timestamp" in wanted.fields or "optin_ip" in wanted.fields
            counted: tuple[str, ...] = PROVEN_NEW if proven else NEW
        elif person.status in SILENT:
            return "skip", f"is {person.status} at Flodesk, and stays so", ("stays_unsubscribed",)
        there = person.segments if person else ()
        is_cut = bool((wanted.segments or wanted.new_segments) and wanted.fit(there))
        if person:
            if not (changed := changes(wanted, person)):
                return "unchanged", wanted.note or None, UNCHANGED
            counted = _counted_as(tuple(changed))
        return "write", wanted.note or None, (*counted, CROWDED) if is_cut else counted

    def _numbers(self) -> dict[str, Any]:
        """Return what is told of the counts, and leave in the draft what is a number of the plan."""
        counts = self._draft.counts
        changed = {name: counts.pop(name) for name in [*counts] if name.startswith(CHANGES)}
        ours: dict[str, Any] = {name: counts.pop(name, 0) for name in (REFUSES, UNPROVEN, CROWDED, LEFT_OUT)}
        ours["changes"] = {name.removeprefix(CHANGES): number for name, number in changed.items() if number}
        return ours

    def _warn(self, numbers: Mapping[str, Any], fields: Sequence[str]) -> None:
        warn, names = self._draft.warnings.append, self._names
        if (names.to_create or self._everyone[0] or numbers["changes"].get("segments")) and self._draft.counts[
            "will_write"
        ]:
            warn(WORKFLOWS)
        if unproven := numbers[UNPROVEN]:
            come = counted(unproven, "new person comes", "new people come")
            warn(
                f"{come} without the time or IP address of an opt-in. Flodesk refuses bought lists: where you cannot "
                "show that somebody asked for mail, use double_optin, so that they confirm first."
            )
        if self._double_optin and (new := self._draft.counts["new"]):
            warn(f"{counted(new, 'new person gets', 'new people get')} a mail, to confirm that they want more.")
        if refused := numbers[REFUSES]:
            warn(f"{counted(refused, 'person wants', 'people want')} no mail, as the list says: they are left out.")
        if crowded := numbers[CROWDED]:
            crowd = counted(crowded, "person", "people")
            warn(f"{crowd} would be in more than {MAX_SEGMENTS} segments: the last are left out.")
        if left_out := numbers[LEFT_OUT]:
            warn(f"{counted(left_out, 'value is', 'values are')} left out, the rest of the row is not: see problems.")
        if names.unknown:
            warn(
                f"There are no segments for these tags, which are left out: {_listed(names.unknown)}. "
                "create_missing_fields makes them."
            )
        if names.ambiguous:
            warn(f"Several segments have these names, so nobody joins them: {_listed(names.ambiguous)}.")
        if names.to_create:
            segments = counted(len(names.to_create), "segment", "segments")
            warn(f"{segments} will be created. Nothing in the API can rename or delete one.")
        if fields:
            created = counted(len(fields), "custom field", "custom fields")
            warn(f"{created} will be created. Nothing in the API can rename or delete one.")


@lru_cache
def _counted_as(changed: tuple[str, ...]) -> tuple[str, ...]:
    return (*CHANGED, *[CHANGES + name for name in changed])


def _by_row(columns: Mapping[str, Sequence[str]], number: int) -> Sequence[Sequence[str]]:
    return [*zip(*columns.values(), strict=True)] or [()] * number


def _listed(names: Counter[str]) -> str:
    shown = [f"{name[:80]!r} ({counted(number, 'row', 'rows')})" for name, number in names.most_common(MAX_LISTED)]
    return ", ".join(shown) + (f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else "")
