"""What every kind of file becomes: rows under headings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flodesk_mcp.audience.errors import FileRefused

__all__ = ["MAX_COLUMNS", "Cell", "Problem", "Row", "Table", "check_width", "fitted"]

MAX_COLUMNS = 500

Cell = str | list[str]
"""A text, or the several that a list in JSON holds."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row, or with what stands in its `column`."""

    row: int
    column: str
    reason: str


Row = tuple[int, Sequence[Cell]]
"""A row: its number, which is the one that a spreadsheet shows, and a cell for each of the first headings.

A plain tuple, because there may be a million, and one with names takes four times as long to make.
"""


@dataclass(frozen=True)
class Table:
    """Rows, read while they are asked for, and once. Where each names its own fields, `headings` grow with them."""

    headings: list[str]
    rows: Iterator[Row | Problem]


def check_width(columns: int) -> None:
    """Raise FileRefused for more columns than a list of people has."""
    if columns > MAX_COLUMNS:
        raise FileRefused(f"It has more than {MAX_COLUMNS} columns: a list of people is needed, a row for each.")


def fitted(number: int, cells: list[str], width: int) -> Row | Problem | None:
    """Return the row for `width` headings, what is wrong with it, or None for a blank one."""
    if len(cells) > width:
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if len(cells) > width:
            return Problem(number, "", f"it has {len(cells)} columns, and there are {width} headings")
    return (number, cells) if any(cells) else None
