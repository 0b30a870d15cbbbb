"""From a person to a line of CSV or JSONL, so that no cell runs as a formula in a spreadsheet."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic_core import to_json

from flodesk_mcp.audience.person import COLUMNS

__all__ = ["BYTE_ORDER_MARK", "FIELDS", "Lines", "disarmed", "headings"]

FileFormat = Literal["csv", "jsonl"]

FIELDS = (
    "id",
    "email",
    "first_name",
    "last_name",
    "status",
    "source",
    "segments",
    "created_at",
    "optin_ip",
    "optin_timestamp",
    "custom_fields",
)
"""What can be taken out, in the order of the columns; custom fields have one each."""

BYTE_ORDER_MARK = "\ufeff"
"""Begins a CSV file: without it spreadsheets take UTF-8 for something else, and show Zürich as ZÃ¼rich."""

BETWEEN_SEGMENTS = "|"
BETWEEN_CELLS, END = ",", "\r\n"

_SIGNS = "=+\\-@＝＋－＠﹢﹣﹦﹫−"
_BLANK = "\\s\\x00-\\x1f\\x7f\\u200b-\\u200f\\u2060\\ufeff"
_FORMULA = re.compile(f"[{_BLANK}]*[{_SIGNS}]|[\\t\\r\\n]")
_BEHIND_DELIMITER = re.compile(f'(?<=[;\\t\\r\\n])(?=(?:(?![\\t\\r\\n])["{_BLANK}])*[{_SIGNS}])')


def disarmed(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: one that could be begins with an apostrophe.

    So does what begins behind a `;`, a tab or a line break in it. Where the comma divides decimals, spreadsheets divide
    by these, and believe no quote in the middle of what they take for a cell.
    """
    if _FORMULA.match(cell):
        cell = f"'{cell}"
    return _BEHIND_DELIMITER.sub("'", cell)


def _all_disarmed(cells: Sequence[str]) -> Sequence[str]:
    """Return a column with its cells disarmed; usually there is nothing to do, which is seen at once for all."""
    filled = [cell for cell in cells if cell]
    text = "".join(filled)
    if not text or ("".join([cell[0] for cell in filled]).isalnum() and ";" not in text and text.isprintable()):
        return cells
    return [cell and disarmed(cell) for cell in cells]


def headings(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the heading of each custom field by its key: its label, with the key where labels are the same."""
    times = Counter([*FIELDS, *labels.values()])
    return {key: label if times[label] == 1 else f"{label} ({key})" for key, label in labels.items()}


class Lines:
    """Makes the lines of a file, of `fields` and the custom fields that have `headings`."""

    def __init__(
        self,
        file_format: FileFormat,
        fields: Sequence[str],
        custom_headings: Mapping[str, str],
        segment_names: Mapping[str, str],
    ) -> None:
        self._fields = [name for name in FIELDS if name in fields and name != "custom_fields"]
        self._custom = custom_headings if "custom_fields" in fields else {}
        self._segment_names = segment_names
        self._made: list[str] = []
        self._writer = csv.writer(_Appending(self._made.append), lineterminator=END)
        self.of: Callable[[Sequence[Sequence[Any]]], list[str]] = self._csv if file_format == "csv" else self._jsonl
        """Returns a line for each person in columns: COLUMNS, each with a value for everybody."""
        self.first = self._head() if file_format == "csv" else ""
        """What the file begins with."""

    def _head(self) -> str:
        self._writer.writerow([*self._fields, *map(disarmed, self._custom.values())])
        return BYTE_ORDER_MARK + self._taken()[0]

    def _taken(self) -> list[str]:
        made = self._made.copy()
        self._made.clear()
        return made

    def _csv(self, people: Sequence[Sequence[Any]]) -> list[str]:
        stored = dict(zip(COLUMNS, people, strict=False))
        stored["segments"] = [BETWEEN_SEGMENTS.join(self._names(ids)) if ids else "" for ids in stored["segments"]]
        custom = stored["custom_fields"]
        columns = [stored[name] for name in self._fields]
        columns += [[values.get(key) for values in custom] for key in self._custom]
        cells = [_all_disarmed([cell or "" for cell in column]) for column in columns]
        lines = [BETWEEN_CELLS.join(row) + END for row in zip(*cells, strict=True)]
        if not _are_plain(lines, len(columns)):
            self._writer.writerows(zip(*cells, strict=True) if columns else [()] * len(people[0]))
            return self._taken()
        return lines

    def _jsonl(self, people: Sequence[Sequence[Any]]) -> list[str]:
        lines = []
        for row in zip(*people, strict=True):
            stored = dict(zip(COLUMNS, row, strict=False))
            values = stored["custom_fields"]
            stored["segments"] = self._names(stored["segments"])
            line = {name: value for name in self._fields if (value := stored[name])}
            custom = {key: value for key in self._custom if (value := values.get(key))}
            lines.append(to_json(line | ({"custom_fields": custom} if custom else {})).decode() + "\n")
        return lines

    def _names(self, segments: Sequence[str]) -> list[str]:
        return [self._segment_names.get(known, known) for known in segments]


def _are_plain(lines: Sequence[str], columns: int) -> bool:
    """Tell whether no cell of `lines` must be quoted: a CSV writer, which would look at each, takes much longer."""
    text = "".join(lines)
    separators = [text.count(sign) for sign in (BETWEEN_CELLS, *END)]
    return columns > 1 and '"' not in text and separators == [(columns - 1) * len(lines), len(lines), len(lines)]


class _Appending:
    """What a CSV writer needs of a file; it writes line by line."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self.write = write
