"""What a row would change: a person as somebody wants it, beside the one on the list."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from flodesk_mcp.audience.files import FoundPerson, Problem
from flodesk_mcp.audience.person import Person
from flodesk_mcp.audience.plan_rows import PlanRow
from flodesk_mcp.audience.words import counted

__all__ = ["MAX_SEGMENTS", "PROOFS", "SILENT", "Known", "OnList", "Wanted", "changes", "key_of", "note_on"]

MAX_SEGMENTS = 50

SILENT = frozenset({"unsubscribed", "bounced", "complained", "cleaned", "archived"})
"""The statuses of people who get no mail, and whom nothing that is written here may bring back."""

PROOFS = ("optin_timestamp", "optin_ip")


def key_of(email: str) -> str:
    """Return by what a person is known within a plan: an address, however it is cased."""
    return email.casefold()


class Wanted(FoundPerson):
    """A person as a plan wants it. Segments are ids, `new_segments` names; `new_fields` are values by label."""

    new_fields: Mapping[str, str] = MappingProxyType({})
    new_segments: Sequence[str] = ()
    note = ""

    def divide(self, known: Collection[str]) -> None:
        """Tell the new custom fields, which go by labels, from those that are `known` by their keys."""
        if not all(key in known for key in self.custom_fields):
            self.new_fields = {label: value for label, value in self.custom_fields.items() if label not in known}
            self.custom_fields = {key: value for key, value in self.custom_fields.items() if key in known}

    def after(self, earlier: Self) -> None:
        """Take over what an earlier row wants of the same person, where this one is silent."""
        self.fields = {**earlier.fields, **self.fields}
        self.custom_fields = {**earlier.custom_fields, **self.custom_fields}
        self.new_fields = {**earlier.new_fields, **self.new_fields}
        self.segments = [*dict.fromkeys([*earlier.segments, *self.segments])]
        self.new_segments = [*dict.fromkeys([*earlier.new_segments, *self.new_segments])]
        self.note = "; ".join(filter(None, (earlier.note, self.note)))
        self.opted_out = self.opted_out or earlier.opted_out
        self.says = self.says or earlier.says

    def fit(self, there: Sequence[str]) -> int:
        """Leave out the segments that would be more than Flodesk lets a person be in; return how many."""
        if len(there) + len(self.segments) + len(self.new_segments) <= MAX_SEGMENTS:
            return 0
        room = MAX_SEGMENTS - len(there)
        added = [known for known in self.segments if known not in there]
        too_many = len(added) + len(self.new_segments) - room
        if too_many <= 0:
            return 0
        self.segments = added[:room]
        self.new_segments = self.new_segments[: max(room - len(added), 0)]
        said = f"{counted(too_many, 'segment', 'segments')} left out: a person can be in {MAX_SEGMENTS}"
        self.note = "; ".join(filter(None, (self.note, said)))
        return too_many

    def parts(self) -> list[Any]:
        """Return it as a plan keeps it beside the address."""
        if self.new_fields or self.new_segments or self.note or self.opted_out or self.says:
            rare = [{**self.new_fields}, self.new_segments, self.note, self.opted_out, self.says]
            return [self.id, self.fields, self.custom_fields, self.segments, *rare]
        return [self.id, self.fields, self.custom_fields, self.segments]

    @classmethod
    def of(cls, row: PlanRow) -> Self:
        """Return what the row of a plan wants."""
        wanted = cls(row.row, row.email or "")
        if row.content:
            wanted.id, wanted.fields, wanted.custom_fields, wanted.segments, *rare = row.content
            if rare:
                wanted.new_fields, wanted.new_segments, wanted.note, wanted.opted_out, wanted.says = rare
        return wanted


def note_on(left_out: Sequence[Problem]) -> str:
    """Return what is said of a person some of whose values were not taken."""
    return "; ".join(f"{problem.column} {problem.reason}" for problem in left_out)


class Known(NamedTuple):
    """What is compared of somebody on the list. `segments` are ids."""

    id: str
    email: str | None
    status: str | None
    first_name: str | None
    last_name: str | None
    optin_ip: str | None
    optin_timestamp: str | None
    segments: Sequence[str]
    custom_fields: Mapping[str, str]


OnList = Known | Person


def changes(wanted: Wanted, person: Known) -> list[str]:
    """Return what of `person` is not yet as it is wanted; a proof of having opted in is not replaced by another."""
    changed = []  # by loops: a comprehension would cost a call, for each of a million people
    for name, value in wanted.fields.items():
        if getattr(person, name) != value:
            changed.append(name)
    if changed and (kept := [name for name in PROOFS if name in changed and getattr(person, name)]):
        wanted.fields = {name: value for name, value in wanted.fields.items() if name not in kept}
        changed = [name for name in changed if name not in kept]
    values = person.custom_fields
    for name, value in wanted.custom_fields.items():
        if values.get(name) != value:
            changed.append(name)
    if wanted.new_fields:
        changed += wanted.new_fields
    if wanted.new_segments or (wanted.segments and not set(person.segments).issuperset(wanted.segments)):
        changed.append("segments")
    return changed
