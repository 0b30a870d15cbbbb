"""From a file, a text or a list of people to a table."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from flodesk_mcp.audience.errors import FileRefused
from flodesk_mcp.audience.files.delimited import delimited
from flodesk_mcp.audience.files.encoding import encoding_of
from flodesk_mcp.audience.files.records import json_array, json_lines, records
from flodesk_mcp.audience.files.table import Table

__all__ = ["MAX_BYTES", "open_csv", "open_file", "open_people"]

MAX_BYTES = 1 << 30

_TEXTS = {".csv": delimited, ".tsv": delimited, ".json": json_array, ".jsonl": json_lines}

_SIGNATURES = (
    (b"PK\x03\x04", "a ZIP archive or a workbook (.xlsx)"),
    (b"\xd0\xcf\x11\xe0", "an old workbook (.xls), or one that is protected with a password"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a packed file (.gz)"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3", "a database"),
    (b"{\\rtf", "a text document (.rtf)"),
    (b"<", "a web page or XML"),
)
"""How other kinds of files begin, which are often renamed by mistake."""


@contextmanager
def open_file(path: Path) -> Iterator[Table]:
    """Open a CSV, TSV, XLSX, JSON or JSONL file, known by its ending.

    Raises FileRefused, also out of the rows.
    """
    kind = path.suffix.lower()
    if kind not in {*_TEXTS, ".xlsx"}:
        this = f"this is a {kind} one" if kind else "this one has no ending"
        raise FileRefused(f"Only .csv, .tsv, .xlsx, .json and .jsonl files are read, and {this}.")
    try:
        beginning = _beginning(path)
        _check_signature(kind, beginning)
        if kind == ".xlsx":
            from flodesk_mcp.audience.files.workbook import open_workbook

            with open_workbook(path) as table:
                yield _with_headings(table)
            return
        with path.open(encoding=encoding_of(path), newline="") as text:
            yield _with_headings(_TEXTS[kind](text))
    except UnicodeError as error:
        raise FileRefused("Its text is damaged: it is not in the encoding that it begins with.") from error
    except OSError as error:
        raise FileRefused(f"It cannot be read: {error.strerror or type(error).__name__}.") from error


@contextmanager
def open_csv(text: str) -> Iterator[Table]:
    """Open a text of CSV. Raises FileRefused, also out of the rows."""
    if not text.strip():
        raise FileRefused("It is empty.")
    yield _with_headings(delimited(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@contextmanager
def open_people(people: Sequence[Mapping[str, Any]]) -> Iterator[Table]:
    """Open people that are given as maps of fields."""
    yield records(people)


def _beginning(path: Path) -> bytes:
    if not path.is_file():
        raise FileRefused("There is no such file.")
    if path.stat().st_size > MAX_BYTES:
        raise FileRefused(f"It is larger than {MAX_BYTES >> 20:,} MB.")
    with path.open("rb") as file:
        return file.read(64)


def _check_signature(kind: str, beginning: bytes) -> None:
    if not beginning:
        raise FileRefused("It is empty.")
    if kind == ".xlsx" and beginning.startswith(b"PK"):
        return
    for signature, what in _SIGNATURES:
        if beginning.lstrip().startswith(signature):
            raise FileRefused(f"It is called {kind}, but is {what}.")
    if kind == ".xlsx":
        raise FileRefused("It is called .xlsx, but is no workbook.")


def _with_headings(table: Table) -> Table:
    """Name the columns of a plain list of addresses, whose first row is somebody."""
    if not any("@" in heading for heading in table.headings):
        return table
    named = ["email" if "@" in heading else f"Column {place}" for place, heading in enumerate(table.headings, 1)]
    return Table(named, chain([(1, table.headings)], table.rows))
