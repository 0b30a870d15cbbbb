"""The first rows of a file and its columns as understood, for the person who chose it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from flodesk_mcp.audience.errors import FileRefused
from flodesk_mcp.audience.files.columns import Column, Understanding
from flodesk_mcp.audience.files.found import FoundPerson
from flodesk_mcp.audience.files.headings import Field
from flodesk_mcp.audience.files.people import People
from flodesk_mcp.audience.files.table import Cell, Problem, Table

__all__ = ["Preview", "PreviewColumn", "preview_of"]

FIRST_ROWS = 5
COUNTING_SECONDS = 2
"""How long rows are counted: a person waits."""

MOST_COLUMNS = 40
MOST_CHARACTERS = 80

NOBODY = "No column is known to hold e-mail addresses. You can send it all the same, and tell your program which does."

_WORDS = {
    Field.EMAIL: "E-mail",
    Field.ID: "Id at Flodesk",
    Field.FIRST_NAME: "First name",
    Field.LAST_NAME: "Last name",
    Field.FULL_NAME: "Full name",
    Field.SEGMENTS: "Segments",
    Field.OPTIN_TIMESTAMP: "Time of opt-in",
    Field.OPTIN_IP: "IP address of opt-in",
    Field.CONSENT: "Wants mail or not",
    Field.OPTED_OUT: "Has left",
    Field.CREATE: "To be created",
    Field.REPORTED: "What was done",
    Field.IGNORE: "Left out",
}


@dataclass(frozen=True)
class PreviewColumn:
    """A column: its heading, and what it becomes in words."""

    heading: str
    becomes: str
    left_out: bool = False


@dataclass(frozen=True)
class Preview:
    """What a person sees of a file. `rows` are the first, each with its number and a cell for each column.

    `counted` says how many rows there are, or how many there are at least.
    """

    columns: list[PreviewColumn] = field(default_factory=list)
    more_columns: int = 0
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    counted: int = 0
    counted_all: bool = True
    problem: str = ""


def preview_of(table: Table, understanding: Understanding, labels: Mapping[str, str]) -> Preview:
    """Return what is shown of a table. `labels` are those of custom fields, by key.

    Raises FileRefused for what cannot be read.
    """
    rows = list(islice((row for row in table.rows if not isinstance(row, Problem)), FIRST_ROWS))
    if not table.headings or not rows:
        raise FileRefused("It has no rows below its headings.")
    counted, counted_all = _count(table)
    problem = ""
    try:
        columns = understanding.of(table.headings)
        People(table, understanding, FoundPerson)
    except FileRefused as error:
        columns = Understanding(labels).of(table.headings)
        problem = str(error) if any(column.field in {Field.EMAIL, Field.ID} for column in columns) else NOBODY
    shown = columns[:MOST_COLUMNS]
    return Preview(
        columns=[
            PreviewColumn(_cut(column.heading), _becomes(column, labels), column.field is Field.IGNORE)
            for column in shown
        ],
        more_columns=len(columns) - len(shown),
        rows=[(number, _cells(cells, len(shown))) for number, cells in rows],
        counted=len(rows) + counted,
        counted_all=counted_all,
        problem=problem,
    )


def _count(table: Table) -> tuple[int, bool]:
    """Return how many rows are left, and whether those are all."""
    until, counted = time.monotonic() + COUNTING_SECONDS, 0
    for counted, _ in enumerate(table.rows, 1):
        if counted % 1_000 == 0 and time.monotonic() > until:
            return counted, False
    return counted, True


def _becomes(column: Column, labels: Mapping[str, str]) -> str:
    if column.field is not Field.CUSTOM:
        return _WORDS[column.field]
    return f"New field {_cut(column.name)}" if column.is_new else _cut(labels.get(column.name) or column.name)


def _cells(cells: Sequence[Cell], width: int) -> list[str]:
    texts = [_cut(cell if isinstance(cell, str) else ", ".join(cell)) for cell in cells[:width]]
    return texts + [""] * (width - len(texts))


def _cut(text: str) -> str:
    line = " ".join(text[: 4 * MOST_CHARACTERS].split())
    return line if len(line) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 1]}…"
