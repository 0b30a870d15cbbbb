"""CSV and TSV: with a comma, a semicolon or a tab, and with line breaks within quotation marks."""

import csv
from collections.abc import Callable, Iterator
from functools import partial
from typing import TextIO

from flodesk_mcp.audience.errors import FileRefused
from flodesk_mcp.audience.files.table import Problem, Row, Table, check_width, fitted

__all__ = ["delimited"]

MAX_LINE = 1 << 20
MAX_UNCLOSED = 200
DELIMITERS = ",;\t|"
UNCLOSED = "a quotation mark does not fit: what stands in quotation marks must end with one, before the next column"


def delimited(text: TextIO) -> Table:
    """Return the table that a text is, opened with newline="". Its first row that is not empty holds the headings.

    Raises FileRefused here, or later out of the rows.
    """
    lines = _Lines(text)
    first = lines.next_with_text()
    delimiter = _delimiter(first)
    read = partial(csv.reader, lines, delimiter=delimiter, skipinitialspace=delimiter != "\t", strict=True)
    lines.put_back([first])
    try:
        headings = next(read(), [])
    except csv.Error as error:
        raise FileRefused("Its first row cannot be read: a quotation mark is not closed.") from error
    check_width(len(headings))
    lines.taken.clear()
    return Table([heading.strip() for heading in headings], _rows(read, lines, len(headings)))


def _rows(read: Callable[[], Iterator[list[str]]], lines: "_Lines", width: int) -> Iterator[Row | Problem]:
    number, unclosed = lines.skipped + 1, 0
    while True:
        try:
            for cells in read():
                number += 1
                lines.taken.clear()
                if len(cells) <= width:
                    if any(cells):
                        yield number, cells
                elif row := fitted(number, cells, width):
                    yield row
        except csv.Error:
            number += 1
            unclosed += 1
            if unclosed > MAX_UNCLOSED:
                raise FileRefused(
                    f"More than {MAX_UNCLOSED} of its rows have a quotation mark that does not fit."
                ) from None
            lines.put_back(lines.taken[1:])  # the next rows are people of their own
            lines.taken.clear()
            yield Problem(number, "", UNCLOSED)
        else:
            return


class _Lines:
    """The lines of a text, none of which may fill the memory. Those `taken` for a row can be put back."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._waiting: list[str] = []
        self.taken: list[str] = []
        self.skipped = 0

    def __iter__(self) -> Iterator[str]:
        waiting, taken, readline = self._waiting, self.taken, self._text.readline
        while line := waiting.pop() if waiting else readline(MAX_LINE):
            if len(line) == MAX_LINE and not line.endswith("\n"):
                raise FileRefused(f"One of its lines is longer than {MAX_LINE:,} characters.")
            taken.append(line)
            yield line

    def next_with_text(self) -> str:
        """Return the next line that is not blank; `skipped` says how many were."""
        for line in self:
            if line.strip():
                return line
            self.skipped += 1
        return ""

    def put_back(self, lines: list[str]) -> None:
        """Yield those lines next."""
        self._waiting += reversed(lines)


def _delimiter(first: str) -> str:
    """Return what stands between the headings most often, outside of quotation marks."""
    bare = "".join(first.split('"')[::2])
    return max(DELIMITERS, key=bare.count)
