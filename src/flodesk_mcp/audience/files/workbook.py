"""XLSX: read by `sheet`, a program of its own, whose rows come as they are read."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile

from flodesk_mcp.audience.errors import FileRefused
from flodesk_mcp.audience.files import sheet
from flodesk_mcp.audience.files.table import Problem, Row, Table, check_width, fitted

__all__ = ["open_workbook"]

MAX_UNPACKED = 600 << 20
TOO_LARGE = "It is too large to be read as a workbook: save it as CSV."


@contextmanager
def open_workbook(path: Path) -> Iterator[Table]:
    """Open the first visible sheet that is not empty.

    Raises FileRefused, also out of the rows.
    """
    _check_packed(path)
    secretless = {name: value for name, value in os.environ.items() if not name.startswith("FLODESK_")}
    command = [sys.executable, "-P", sheet.__file__, str(path)]
    with subprocess.Popen(  # noqa: S603 - a program of ours
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=secretless
    ) as process:
        try:
            yield _table(process.stdout)
        finally:
            process.kill()


def _check_packed(path: Path) -> None:
    """Refuse what is no workbook, or would unpack to more than any list of people."""
    try:
        with ZipFile(path) as archive:
            members = archive.infolist()
    except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FileRefused("It is damaged, or no XLSX file.") from error
    if not any(member.filename == "xl/workbook.xml" for member in members):
        raise FileRefused("It is a ZIP archive, and no XLSX file.")
    if sum(member.file_size for member in members) > MAX_UNPACKED:
        raise FileRefused(TOO_LARGE)


def _table(lines: IO[bytes] | None) -> Table:
    rows = _rows(lines or iter(()))
    _, headings = next(rows)
    while headings and not headings[-1].strip():
        headings.pop()
    check_width(len(headings))
    return Table([heading.strip() for heading in headings], _fitted(rows, len(headings)))


def _fitted(rows: Iterator[tuple[int, list[str]]], width: int) -> Iterator[Row | Problem]:
    for number, cells in rows:
        if row := fitted(number, cells, width):
            yield row


def _rows(lines: Iterator[bytes] | IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    for line in lines:
        if line.startswith(b"{"):
            if refused := json.loads(line)["refused"]:
                raise FileRefused(refused)
            return
        yield tuple(json.loads(line))
    raise FileRefused(TOO_LARGE)  # the program was ended by its limits
