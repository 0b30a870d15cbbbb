"""From the rows of a table to people, and to what is wrong with a row."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from flodesk_mcp.audience.errors import FileRefused
from flodesk_mcp.audience.files.columns import Column, Understanding
from flodesk_mcp.audience.files.headings import ADDED, REMOVED, Field, folded
from flodesk_mcp.audience.files.table import Cell, Problem, Row, Table
from flodesk_mcp.audience.files.values import address, cleaned, ip, names, refuses_mail, tags, timestamp

__all__ = ["CREATE", "FoundPerson", "People"]

CREATE = "create"

MAX_VALUE = 256
MAX_SHOWN = 80

_NAMES = {Field.FIRST_NAME, Field.LAST_NAME}


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


Found = TypeVar("Found", bound=FoundPerson)


class People(Generic[Found]):
    """The people in a table, one after the other; those rows of which none can be made are problems."""

    def __init__(self, table: Table, understanding: Understanding, kind: type[Found]) -> None:
        """Make a `kind` of each row. Raises FileRefused where no column holds addresses, or a chosen one is missing."""
        self._table = table
        self._kind = kind
        self._understanding = understanding
        self._used: set[str] = set()
        self._columns: list[Column] = []
        self._emails: list[tuple[int, str]] = []
        self._names: list[tuple[int, str]] = []
        self._custom: list[tuple[int, str, Column]] = []
        self._others: list[tuple[int, Callable[[FoundPerson, Column, Any], None], Column]] = []
        self._tagged: set[int] = set()
        if table.headings:
            understanding.check_chosen(table.headings)
            self._understand()

    def __iter__(self) -> Iterator[Found | Problem]:
        """Yield everybody, and each problem. Raises FileRefused where the table cannot be read on."""
        headings = self._table.headings
        for row in self._table.rows:
            if len(self._columns) < len(headings):
                self._understand()
            yield row if isinstance(row, Problem) else self._person(row)
        self._understanding.check_chosen(headings)

    @property
    def columns(self) -> dict[str, str]:
        """What each column was understood to hold, as far as it was read."""
        return {column.heading: column.name for column in self._columns if column.field is not Field.IGNORE}

    @property
    def ignored(self) -> list[str]:
        """The columns that nothing is made of."""
        return [column.heading for column in self._columns if column.field is Field.IGNORE and column.heading]

    @property
    def fields_to_create(self) -> list[str]:
        """The labels of the custom fields that are not there yet, as far as anybody had a value for them."""
        new = [column.name for column in self._columns if column.is_new]
        return [name for name in dict.fromkeys(new) if name in self._used]

    def _understand(self) -> None:
        self._columns = self._understanding.of(self._table.headings)
        placed = sorted(enumerate(self._columns), key=lambda place: place[1].rank)
        self._emails = [(place, column.heading) for place, column in placed if column.field is Field.EMAIL]
        self._names = [(place, column.name) for place, column in placed if column.field in _NAMES]
        self._custom = [(place, column.name, column) for place, column in placed if column.field is Field.CUSTOM]
        self._others = [(place, _TAKE[column.field], column) for place, column in placed if column.field in _TAKE]
        self._tagged = {place for place, column in placed if column.field is Field.SEGMENTS}
        if not self._emails and not any(column.field is Field.ID for column in self._columns):
            there = ", ".join(repr(heading[:MAX_SHOWN]) for heading in self._table.headings[:20])
            raise FileRefused(
                f"None of its columns is known to hold e-mail addresses: say which in `columns`. There are {there}."
            )

    def _person(self, row: Row) -> Found | Problem:  # noqa: PLR0912 - calls would take as long as all else
        number, raw = row
        cells, count, email = cleaned(raw, self._tagged), len(raw), ""
        for place, heading in self._emails:
            if place < count and (text := cells[place]):
                try:
                    email = address(text)
                except ValueError as error:
                    return Problem(number, heading, f"{text[:MAX_SHOWN]!r} is no e-mail address: {error}")
                break
        person = self._kind(number, email)
        fields = person.fields
        for place, name in self._names:
            if place < count and (text := cells[place]) and name not in fields:
                fields[name] = text
        custom_fields = person.custom_fields
        for place, name, column in self._custom:
            if place < count and (text := cells[place]) and name not in custom_fields:
                if len(text) <= MAX_VALUE:
                    custom_fields[name] = text
                    if column.is_new:
                        self._used.add(name)
                else:
                    _leave_out(person, column, f"it has {len(text)} characters, and Flodesk takes at most {MAX_VALUE}")
        for place, take, column in self._others:
            if place < count and (cell := cells[place]):
                take(person, column, cell)
        if not (email or person.id):
            return Problem(number, self._emails[0][1] if self._emails else "", "it has no e-mail address")
        return person


def _leave_out(person: FoundPerson, column: Column, reason: str) -> None:
    person.left_out = [*person.left_out, Problem(person.row, column.heading, f"left out: {reason}")]


def _take_full_name(person: FoundPerson, column: Column, text: str) -> None:
    """Divide a full name, unless the parts stand in columns of their own."""
    if not person.fields.keys() & {"first_name", "last_name"}:
        first, last = names(text, surnames=2 if folded(column.heading).startswith("nombre") else 1)
        person.fields |= {name: part for name, part in (("first_name", first), ("last_name", last)) if part}


def _take_id(person: FoundPerson, _: Column, text: str) -> None:
    if not person.email:  # other services have ids of their own
        person.id = text


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

_TAKE: dict[Field, Callable[[FoundPerson, Column, Any], None]] = {
    Field.ID: _take_id,
    Field.FULL_NAME: _take_full_name,
    Field.SEGMENTS: _take_segments,
    Field.OPTIN_TIMESTAMP: _take_proof(timestamp),
    Field.OPTIN_IP: _take_proof(ip),
    Field.CONSENT: _take_consent,
    Field.OPTED_OUT: _take_opted_out,
    Field.CREATE: _take_create,
    Field.REPORTED: _take_reported,
}
"""What is made of a cell that is not blank, by its column; names, custom fields and addresses are taken before."""
