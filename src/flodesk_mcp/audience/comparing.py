"""What a row would change: a person as somebody wants it, beside the one on the list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from flodesk_mcp.audience.files import FoundPerson
from flodesk_mcp.audience.person import Person
from flodesk_mcp.audience.words import counted

__all__ = ["MAX_SEGMENTS", "PROOFS", "SILENT", "Known", "OnList", "Wanted", "changes", "key_of"]

MAX_SEGMENTS = 50

SILENT = frozenset({"unsubscribed", "bounced", "complained", "cleaned", "archived"})
"""The statuses of people who get no mail, and whom nothing that is written here may bring back."""

PROOFS = ("optin_timestamp", "optin_ip")


def key_of(email: str) -> str:
    """Return by what a person is known within a plan: an address, however it is cased."""
    return email.casefold()


@dataclass(slots=True)
class Wanted:
    """A person as a plan wants it. Segments are ids, `new_segments` names; `new_fields` are values by label."""

    email: str
    id: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    custom_fields: dict[str, str] = field(default_factory=dict)
    new_fields: dict[str, str] = field(default_factory=dict)
    segments: list[str] = field(default_factory=list)
    new_segments: list[str] = field(default_factory=list)
    note: str = ""
    refuses: str = ""
    says: str = ""

    @classmethod
    def of(cls, found: FoundPerson, custom: Mapping[str, Any], segments: Sequence[str], names: Sequence[str]) -> Self:
        """Return what a row wants; `custom` are the keys of the fields that there are."""
        known, new = found.custom_fields, {}
        if not known.keys() <= custom.keys():
            new = {label: value for label, value in known.items() if label not in custom}
            known = {key: value for key, value in known.items() if key in custom}
        note = "; ".join([f"{problem.column} {problem.reason}" for problem in found.left_out])
        return cls(
            found.email, found.id, found.fields, known, new, [*segments], [*names], note, found.opted_out, found.says
        )

    def after(self, earlier: Self) -> None:
        """Take over what an earlier row wants of the same person, where this one is silent."""
        self.fields = earlier.fields | self.fields
        self.custom_fields = earlier.custom_fields | self.custom_fields
        self.new_fields = earlier.new_fields | self.new_fields
        self.segments = [*dict.fromkeys([*earlier.segments, *self.segments])]
        self.new_segments = [*dict.fromkeys([*earlier.new_segments, *self.new_segments])]
        self.note = "; ".join(filter(None, (earlier.note, self.note)))
        self.refuses = self.refuses or earlier.refuses
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
        """Return it as a plan keeps it."""
        return [
            self.email,
            self.id,
            self.fields,
            self.custom_fields,
            self.new_fields,
            self.segments,
            self.new_segments,
            self.note,
            self.refuses,
            self.says,
        ]

    @classmethod
    def of_parts(cls, parts: Sequence[Any] | None) -> Self:
        """Return what a plan keeps of somebody."""
        return cls(*(parts or ("",)))


class Known(NamedTuple):
    """What is compared of somebody on the list. `segments` are ids."""

    id: str
    email: str | None
    status: str | None
    first_name: str | None
    last_name: str | None
    optin_ip: str | None
    optin_timestamp: str | None
    segments: list[str]
    custom_fields: dict[str, str]


OnList = Known | Person


def changes(wanted: Wanted, person: OnList) -> list[str]:
    """Return what of `person` is not yet as it is wanted; a proof of having opted in is not replaced by another."""
    fields, known = wanted.fields, person.custom_fields
    changed = []
    for name in [*fields]:
        if name not in PROOFS:
            if fields[name] != (getattr(person, name) or ""):
                changed.append(name)
        elif getattr(person, name):
            del fields[name]
        else:
            changed.append(name)
    if not wanted.custom_fields.items() <= known.items():
        changed += [key for key, value in wanted.custom_fields.items() if known.get(key) != value]
    changed += wanted.new_fields
    if wanted.new_segments or not set(person.segments).issuperset(wanted.segments):
        changed.append("segments")
    return changed
