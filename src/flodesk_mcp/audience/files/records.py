"""JSON and JSONL, and people that were given as they are: each row names its own fields."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO

from flodesk_mcp.audience.errors import FileRefused
from flodesk_mcp.audience.files.table import Cell, Problem, Row, Table, check_width

__all__ = ["json_array", "json_lines", "records"]

CHUNK = 1 << 16
MAX_RECORD = 1 << 20
NO_PERSON = "it is no object with the fields of a person"

_decoder = json.JSONDecoder()
_sign = re.compile(r"[^\s,]|$")


def json_array(text: TextIO) -> Table:
    """Return the table of a JSON list of objects, be it the whole text or one value of the object that it is.

    Raises FileRefused here, or later out of the rows.
    """
    buffer = _Buffer(text)
    if buffer.find_list():
        return records(_items(buffer))
    raise FileRefused("Its JSON holds no list of people.")


def json_lines(text: TextIO) -> Table:
    """Return the table of a text with a JSON object in each line. Raises FileRefused out of the rows."""

    def values() -> Iterator[Any]:
        while line := text.readline(MAX_RECORD):
            if len(line) == MAX_RECORD and not line.endswith("\n"):
                raise FileRefused(f"One of its lines is longer than {MAX_RECORD:,} characters.")
            try:
                yield _decoder.decode(line) if line.strip() else {}
            except (ValueError, RecursionError):
                yield None

    return records(values())


def records(people: Iterable[Any]) -> Table:
    """Return the table of people, each a map of fields; custom fields may be a map, or a list of {field, value}."""
    headings: list[str] = []
    places: dict[str, int] = {}

    def rows() -> Iterator[Row | Problem]:
        for number, person in enumerate(people, 1):
            if not isinstance(person, Mapping):
                yield Problem(number, "", NO_PERSON)
                continue
            cells: list[Cell] = [""] * len(headings)
            for name, value in _flat(person):
                place = places.get(name)
                if place is None:
                    place = places[name] = len(headings)
                    check_width(place + 1)
                    headings.append(name)
                    cells.append("")
                cells[place] = _cell(value)
            if any(cells):
                yield number, cells

    return Table(headings, rows())


def _flat(person: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in person.items():
        if name == "custom_fields" and isinstance(value, Mapping):
            yield from value.items()
        elif name == "custom_fields" and isinstance(value, list):
            yield from ((str(item.get("field")), item.get("value")) for item in value if isinstance(item, Mapping))
        else:
            yield str(name), value


def _cell(value: Any) -> Cell:
    match value:
        case str():
            return value
        case None:
            return ""
        case list():
            named = (item.get("name") or item.get("id") if isinstance(item, Mapping) else item for item in value)
            return [item if isinstance(item, str) else json.dumps(item) for item in named if item is not None]
        case _:
            return json.dumps(value, ensure_ascii=False)


class _Buffer:
    """A window that moves over a text, and decodes one JSON value after the other."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._window, self._at = "", 0
        self._ended = False

    def find_list(self) -> bool:
        """Move to behind the first `[` that opens a list of objects."""
        while not (found := re.search(r"\[\s*[{\]]", self._window)):
            if len(self._window) > MAX_RECORD or not self._more():
                return False
        self._at = found.start() + 1
        return True

    def next_value(self) -> tuple[bool, Any]:
        """Return whether there is one more value in the list, and which.

        Raises FileRefused for what is no JSON.
        """
        while True:
            self._at = next(_sign.finditer(self._window, self._at)).start()
            if self._window.startswith("]", self._at):
                return False, None
            try:
                value, end = _decoder.raw_decode(self._window, self._at)
                if end < len(self._window) or self._ended:
                    self._at = end
                    return True, value
            except RecursionError:
                raise FileRefused("Its JSON is nested too deep.") from None
            except ValueError:
                if self._ended:
                    raise FileRefused("Its JSON breaks off, or is none: it cannot be read to its end.") from None
            if len(self._window) - self._at > MAX_RECORD:
                raise FileRefused(f"Its JSON is none, or one of its people has more than {MAX_RECORD:,} characters.")
            self._more()

    def _more(self) -> bool:
        read = self._text.read(max(CHUNK, len(self._window) - self._at))  # doubled: a long value is not tried too often
        self._window, self._at = self._window[self._at :] + read, 0
        self._ended = not read
        return bool(read)


def _items(buffer: _Buffer) -> Iterator[Any]:
    while True:
        more, value = buffer.next_value()
        if not more:
            return
        yield value
