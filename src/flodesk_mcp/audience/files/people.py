"""From the rows of a table to people, and to what is wrong with a row."""

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import compress, zip_longest
from operator import attrgetter
from typing import Any, Generic

from flodesk_mcp.audience.errors import FileRefused
from flodesk_mcp.audience.files.columns import Column, Understanding
from flodesk_mcp.audience.files.found import MAX_SHOWN, TAKE, Batch, Found
from flodesk_mcp.audience.files.headings import Field
from flodesk_mcp.audience.files.table import Problem, Row, Table
from flodesk_mcp.audience.files.values import addresses, cleaned

__all__ = ["BATCH", "People"]

BATCH = 4_000
"""How many rows are read and understood at once."""

MAX_VALUE = 256

_NAMES = {Field.FIRST_NAME, Field.LAST_NAME}

Columns = Sequence[tuple[Column, Sequence[Any]]]
"""Columns with a cell for each row, those first that count before others."""


class People(Generic[Found]):
    """The people in a table, by the thousand."""

    def __init__(self, table: Table, understanding: Understanding, kind: type[Found]) -> None:
        """Make a `kind` of each row. Raises FileRefused where no column holds addresses, or a chosen one is missing."""
        self._table = table
        self._kind = kind
        self._understanding = understanding
        self._used: set[str] = set()
        self._columns: list[Column] = []
        self._placed: list[tuple[int, Column]] = []
        if table.headings:
            understanding.check_chosen(table.headings)
            self._understand()

    def __iter__(self) -> Iterator[Batch[Found]]:
        """Yield everybody, and each problem. Raises FileRefused where the table cannot be read on."""
        headings = self._table.headings
        rows: list[Row] = []
        problems: list[Problem] = []
        for row in self._table.rows:
            grown = len(self._columns) < len(headings)
            if len(rows) + len(problems) == BATCH or (grown and rows):  # they did not know of the new heading
                yield self._batch(rows, problems)
                rows, problems = [], []
            if grown:
                self._understand()
            if isinstance(row, Problem):
                problems.append(row)
            else:
                rows.append(row)
        if rows or problems:
            yield self._batch(rows, problems)
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
        self._placed = sorted(enumerate(self._columns), key=lambda place: place[1].rank)
        if not any(column.field in {Field.EMAIL, Field.ID} for column in self._columns):
            there = ", ".join(repr(heading[:MAX_SHOWN]) for heading in self._table.headings[:20])
            raise FileRefused(
                f"None of its columns is known to hold e-mail addresses: say which in `columns`. There are {there}."
            )

    def _batch(self, rows: Sequence[Row], problems: list[Problem]) -> Batch[Found]:
        numbers = [number for number, _ in rows]
        raw: Sequence[Sequence[Any]] = [*zip_longest(*[cells for _, cells in rows], fillvalue="")]
        nothing = [""] * len(rows)
        columns: Columns = [
            (column, cleaned(raw[place] if place < len(raw) else nothing, lists=column.field is Field.SEGMENTS))
            for place, column in self._placed
        ]
        checked = addresses(_first(columns, Field.EMAIL, nothing))
        ids = _first(columns, Field.ID, nothing)
        usable = [bool(said or known) and isinstance(said, str) for said, known in zip(checked, ids, strict=True)]
        if not all(usable):
            wrong = [place for place, is_usable in enumerate(usable) if not is_usable]
            problems += [_wrong(columns, place, numbers[place], checked[place]) for place in wrong]
            problems.sort(key=attrgetter("row"))
            columns = [(column, [*compress(cells, usable)]) for column, cells in columns]
            numbers, ids = [*compress(numbers, usable)], [*compress(ids, usable)]
        left_out: dict[int, list[Problem]] = {}
        return Batch(
            self._kind,
            problems,
            numbers,
            [email for email in compress(checked, usable) if isinstance(email, str)],
            ids,
            {column.name: _first(columns, column.field, nothing) for column, _ in columns if column.field in _NAMES},
            self._custom_fields(columns, numbers, left_out),
            [(TAKE[column.field], column, cells) for column, cells in columns if column.field in TAKE],
            left_out,
        )

    def _custom_fields(
        self, columns: Columns, numbers: Sequence[int], left_out: dict[int, list[Problem]]
    ) -> dict[str, Sequence[str]]:
        """Return the values of each custom field; those that are too long are `left_out`, by place."""
        fields: dict[str, Sequence[str]] = {}
        for column, cells in columns:
            if column.field is Field.CUSTOM:
                before, texts = fields.get(column.name), cells
                if max(map(len, cells), default=0) > MAX_VALUE:
                    texts = [text if len(text) <= MAX_VALUE else "" for text in cells]
                    for place, text in enumerate(cells):
                        if text and not texts[place] and not (before and before[place]):
                            reason = f"it has {len(text)} characters, and Flodesk takes at most {MAX_VALUE}"
                            problem = Problem(numbers[place], column.heading, f"left out: {reason}")
                            left_out.setdefault(place, []).append(problem)
                if column.is_new and any(texts):
                    self._used.add(column.name)
                fields[column.name] = _either(before, texts) if before else texts
        return fields


def _first(columns: Columns, field: Field, nothing: Sequence[str]) -> Sequence[str]:
    """Return what the columns for a field say: of each person the first that is not blank."""
    return reduce(_either, [cells for column, cells in columns if column.field is field] or [nothing])


def _either(first: Sequence[str], second: Sequence[str]) -> Sequence[str]:
    return [one or other for one, other in zip(first, second, strict=True)]


def _wrong(columns: Columns, place: int, row: int, email: str | ValueError) -> Problem:
    """Return what is wrong with a row that names nobody."""
    told = [(column.heading, cells[place]) for column, cells in columns if column.field is Field.EMAIL]
    if isinstance(email, str):
        return Problem(row, told[0][0] if told else "", "it has no e-mail address")
    heading, text = next((heading, text) for heading, text in told if text)
    return Problem(row, heading, f"{text[:MAX_SHOWN]!r} is no e-mail address: {email}")
