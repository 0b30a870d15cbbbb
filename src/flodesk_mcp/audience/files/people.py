"""From the rows of a table to people, and to what is wrong with a row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from flodesk_mcp.audience.errors import FileRefused
from flodesk_mcp.audience.files.columns import Column, Understanding
from flodesk_mcp.audience.files.headings import ADDED, REMOVED, Field, folded
from flodesk_mcp.audience.files.table import Cell, Problem, Row, Table
from flodesk_mcp.audience.files.values import address, clean, ip, names, refuses_mail, tags, timestamp

__all__ = ["CREATE", "FoundPerson", "People"]

CREATE = "create"

MAX_VALUE = 256
MAX_SHOWN = 80


@dataclass(slots=True)
class FoundPerson:
    """What a row says of a person; what is blank there is not among it.

    `fields` holds first_name, last_name, optin_ip and optin_timestamp; custom fields stand under their keys, or the
    labels of those that are to be created. `opted_out` says why the person wants no mail, `says` that it
    shall be created, or what a job did with it; `left_out` is what was not taken.
    """

    row: int
    email: str = ""
    id: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    custom_fields: dict[str, str] = field(default_factory=dict)
    segments: list[str] = field(default_factory=list)
    opted_out: str = ""
    says: str = ""
    left_out: list[Problem] = field(default_factory=list)


class People:
    """The people in a table, one after the other; those rows of which none can be made are problems."""

    def __init__(self, table: Table, understanding: Understanding) -> None:
        """Raise FileRefused where no column holds addresses, or a chosen one does not exist."""
        self._table = table
        self._understanding = understanding
        self._used: set[str] = set()
        self._columns: list[Column] = []
        self._places: list[tuple[int, Column]] = []
        self._emails: list[tuple[int, Column]] = []
        if table.headings:
            understanding.check_chosen(table.headings)
            self._understand()

    def __iter__(self) -> Iterator[FoundPerson | Problem]:
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
        places = [(place, column) for place, column in enumerate(self._columns) if column.field is not Field.IGNORE]
        places.sort(key=lambda placed: placed[1].rank)
        self._emails = [placed for placed in places if placed[1].field is Field.EMAIL]
        self._places = [placed for placed in places if placed[1].field is not Field.EMAIL]
        if not self._emails and not any(column.field is Field.ID for column in self._columns):
            there = ", ".join(repr(heading[:MAX_SHOWN]) for heading in self._table.headings[:20])
            raise FileRefused(
                f"None of its columns is known to hold e-mail addresses: say which in `columns`. There are {there}."
            )

    def _person(self, row: Row) -> FoundPerson | Problem:
        person = FoundPerson(row.number)
        cells, count = row.cells, len(row.cells)
        for place, column in self._emails:
            if place < count and (text := clean(cells[place])):
                try:
                    person.email = address(text)
                except ValueError as error:
                    return Problem(row.number, column.heading, f"{text[:MAX_SHOWN]!r} is no e-mail address: {error}")
                break
        full = ""
        for place, column in self._places:
            if place >= count or not (cell := cells[place]):
                continue
            if column.field is Field.CUSTOM:
                self._take_custom(person, column, cell)
            elif column.field is Field.FULL_NAME:
                full = full or clean(cell)
                surnames = 2 if folded(column.heading).startswith("nombre") else 1
            else:
                _TAKE[column.field](person, column, cell)
        if full and not person.fields.keys() & {"first_name", "last_name"}:
            first, last = names(full, surnames=surnames)
            person.fields |= {name: text for name, text in (("first_name", first), ("last_name", last)) if text}
        if not (person.email or person.id):
            return Problem(row.number, self._emails[0][1].heading if self._emails else "", "it has no e-mail address")
        return person

    def _take_custom(self, person: FoundPerson, column: Column, cell: Cell) -> None:
        if not (text := clean(cell)) or column.name in person.custom_fields:
            return
        if len(text) > MAX_VALUE:
            reason = f"left out: it has {len(text)} characters, and Flodesk takes at most {MAX_VALUE}"
            person.left_out.append(Problem(person.row, column.heading, reason))
            return
        person.custom_fields[column.name] = text
        if column.is_new:
            self._used.add(column.name)


def _take_text(person: FoundPerson, column: Column, cell: Cell) -> None:
    if text := clean(cell):
        person.fields.setdefault(column.name, text)


def _take_id(person: FoundPerson, _: Column, cell: Cell) -> None:
    if not person.email:  # other services have ids of their own
        person.id = clean(cell)


def _take_segments(person: FoundPerson, _: Column, cell: Cell) -> None:
    person.segments += [name for name in tags(cell) if name not in person.segments]


def _take_consent(person: FoundPerson, column: Column, cell: Cell) -> None:
    if refuses_mail(text := clean(cell)):
        person.opted_out = f"{column.heading} says {text[:MAX_SHOWN]!r}"


def _take_opted_out(person: FoundPerson, column: Column, cell: Cell) -> None:
    if (text := clean(cell)) and not refuses_mail(text):
        person.opted_out = f"{column.heading} says {text[:MAX_SHOWN]!r}"


def _take_create(person: FoundPerson, _: Column, cell: Cell) -> None:
    if (text := clean(cell)) and not refuses_mail(text):
        person.says = CREATE


def _take_reported(person: FoundPerson, _: Column, cell: Cell) -> None:
    if cell in {ADDED, REMOVED}:
        person.says = clean(cell)


def _take_proof(read: Callable[[str], str]) -> Callable[[FoundPerson, Column, Cell], None]:
    def take(person: FoundPerson, column: Column, cell: Cell) -> None:
        if not (text := clean(cell)) or column.name in person.fields:
            return
        try:
            person.fields[column.name] = read(text)
        except ValueError as error:
            if refuses_mail(text):
                person.opted_out = f"{column.heading} says {text[:MAX_SHOWN]!r}"
            elif folded(text) not in _YES:
                person.left_out.append(Problem(person.row, column.heading, f"left out: {error}"))

    return take


_YES = frozenset({"yes", "true", "1", "y", "ja", "oui", "si", "subscribed", "wahr", "vrai", "verdadero"})

_TAKE: dict[Field, Callable[[FoundPerson, Column, Cell], None]] = {
    Field.ID: _take_id,
    Field.FIRST_NAME: _take_text,
    Field.LAST_NAME: _take_text,
    Field.SEGMENTS: _take_segments,
    Field.OPTIN_TIMESTAMP: _take_proof(timestamp),
    Field.OPTIN_IP: _take_proof(ip),
    Field.CONSENT: _take_consent,
    Field.OPTED_OUT: _take_opted_out,
    Field.CREATE: _take_create,
    Field.REPORTED: _take_reported,
}
