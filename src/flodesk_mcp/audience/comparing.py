"""What a row would change: a person as somebody wants it, beside the one on the list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from pydantic_core import from_json, to_json

from flodesk_mcp.audience.files import FoundPerson
from flodesk_mcp.audience.person import Person
from flodesk_mcp.audience.words import counted

__all__ = ["MAX_SEGMENTS", "PROOFS", "SILENT", "Known", "OnList", "Wanted", "changes", "key_of"]

MAX_SEGMENTS = 50

SILENT = frozenset({"unsubscribed", "bounced", "complained", "cleaned", "archived"})
"""The statuses of people who get no mail, and whom nothing that is written here may bring back."""

NAMES = ("first_name", "last_name")
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
        new = {label: value for label, value in found.custom_fields.items() if label not in custom}
        known = found.custom_fields if not new else {k: v for k, v in found.custom_fields.items() if k in custom}
        note = "; ".join(f"{problem.column} {problem.reason}" for problem in found.left_out)
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

    def text(self) -> str:
        """Return it as JSON, without what is empty."""
        parts = [self.email, self.id, self.fields, self.custom_fields, self.new_fields, self.segments]
        text: bytes = to_json([*parts, self.new_segments, self.note, self.refuses, self.says])
        return text.decode()

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return what `text` made."""
        return cls(*from_json(text))


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
    fields, values = wanted.fields, person.custom_fields
    changed = [name for name in NAMES if name in fields and fields[name] != (getattr(person, name) or "")]
    for name in PROOFS:
        if name in fields and getattr(person, name):
            del fields[name]
        elif name in fields:
            changed.append(name)
    changed += [key for key, value in wanted.custom_fields.items() if values.get(key) != value]
    changed += wanted.new_fields
    if wanted.new_segments or any(known not in person.segments for known in wanted.segments):
        changed.append("segments")
    return changed
