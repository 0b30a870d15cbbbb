"""The people who were found in a table: many at once by columns, or one of them with all that is said."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flodesk_mcp.audience.files.columns import Column
from flodesk_mcp.audience.files.headings import ADDED, REMOVED, Field, folded
from flodesk_mcp.audience.files.table import Cell, Problem
from flodesk_mcp.audience.files.values import ip, names, refuses_mail, tags, timestamp

__all__ = ["CREATE", "MAX_SHOWN", "TAKE", "Batch", "Found", "FoundPerson"]

CREATE = "create"
MAX_SHOWN = 80


class FoundPerson:
    """What a row says of a person; what is blank there is not among it.

    `fields` holds first_name, last_name, optin_ip and optin_timestamp; custom fields stand under their keys, or the
    labels of those that are to be created. `opted_out` says why the person wants no mail, `says` that it
    shall be created, or what a job did with it; `left_out` is what was not taken.
    """

    id = ""
    opted_out = ""
    says = ""
    segments: Sequence[str] = ()
    left_out: Sequence[Problem] = ()  # what few rows have is not made for each

    def __init__(self, row: int, email: str = "") -> None:
        self.row = row
        self.email = email
        self.fields: dict[str, str] = {}
        self.custom_fields: dict[str, str] = {}


Take = Callable[[FoundPerson, Column, Any], None]
Found = TypeVar("Found", bound=FoundPerson)


@dataclass(frozen=True)
class Batch(Generic[Found]):
    """People who follow each other in a table, by columns: each has a text for everybody, and blank ones say nothing.

    `problems` are the rows between them of which nobody can be made. `others` is what is only understood person by
    person.
    """

    kind: type[Found]
    problems: Sequence[Problem]
    rows: Sequence[int]
    emails: Sequence[str]
    ids: Sequence[str]
    fields: Mapping[str, Sequence[str]]
    custom_fields: Mapping[str, Sequence[str]]
    others: Sequence[tuple[Take, Column, Sequence[Any]]]
    left_out: Mapping[int, Sequence[Problem]]

    def rare(self) -> set[int]:
        """Return the places of those of whom more is said than by `fields` and `custom_fields`."""
        return {*self.left_out, *(place for *_, cells in self.others for place, cell in enumerate(cells) if cell)}

    def person(self, place: int) -> Found:
        """Return the person at a place, with all that is said of them."""
        person = self.kind(self.rows[place], self.emails[place])
        if not person.email:  # else it is another service's
            person.id = self.ids[place]
        person.fields = {name: text for name, texts in self.fields.items() if (text := texts[place])}
        person.custom_fields = {name: text for name, texts in self.custom_fields.items() if (text := texts[place])}
        if place in self.left_out:
            person.left_out = self.left_out[place]
        for take, column, cells in self.others:
            if cell := cells[place]:
                take(person, column, cell)
        return person


def _leave_out(person: FoundPerson, column: Column, reason: str) -> None:
    person.left_out = [*person.left_out, Problem(person.row, column.heading, f"left out: {reason}")]


def _take_full_name(person: FoundPerson, column: Column, text: str) -> None:
    """Divide a full name, unless the parts stand in columns of their own."""
    if not person.fields.keys() & {"first_name", "last_name"}:
        first, last = names(text, surnames=2 if folded(column.heading).startswith("nombre") else 1)
        person.fields |= {name: part for name, part in (("first_name", first), ("last_name", last)) if part}


def _take_segments(person: FoundPerson, _: Column, cell: Cell) -> None:
    person.segments = [*dict.fromkeys([*person.segments, *tags(cell)])]


def _take_consent(person: FoundPerson, column: Column, text: str) -> None:
    if refuses_mail(text):
        person.opted_out = f"{column.heading} says {text[:MAX_SHOWN]!r}"


def _take_opted_out(person: FoundPerson, column: Column, text: str) -> None:
    if not refuses_mail(text):
        person.opted_out = f"{column.heading} says {text[:MAX_SHOWN]!r}"


def _take_create(person: FoundPerson, _: Column, text: str) -> None:
    if not refuses_mail(text):
        person.says = CREATE


def _take_reported(person: FoundPerson, _: Column, text: str) -> None:
    if text in {ADDED, REMOVED}:
        person.says = text


def _take_proof(read: Callable[[str], str]) -> Callable[[FoundPerson, Column, str], None]:
    def take(person: FoundPerson, column: Column, text: str) -> None:
        if column.name in person.fields:
            return
        try:
            person.fields[column.name] = read(text)
        except ValueError as error:
            if refuses_mail(text):
                person.opted_out = f"{column.heading} says {text[:MAX_SHOWN]!r}"
            elif folded(text) not in _YES:
                _leave_out(person, column, str(error))

    return take


_YES = frozenset({"yes", "true", "1", "y", "ja", "oui", "si", "subscribed", "wahr", "vrai", "verdadero"})

TAKE: Mapping[Field, Take] = {
    Field.FULL_NAME: _take_full_name,
    Field.SEGMENTS: _take_segments,
    Field.OPTIN_TIMESTAMP: _take_proof(timestamp),
    Field.OPTIN_IP: _take_proof(ip),
    Field.CONSENT: _take_consent,
    Field.OPTED_OUT: _take_opted_out,
    Field.CREATE: _take_create,
    Field.REPORTED: _take_reported,
}
"""What is made of a cell that is not blank, by its column, of whatever a column alone does not say."""
