"""Reads a list the way plans do."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flodesk_mcp.audience.files import (
    FoundPerson,
    People,
    Problem,
    Understanding,
    open_csv,
    open_file,
    open_people,
)

FIELDS = {"weddingDate": "Wedding date", "city": "City"}


@dataclass(frozen=True)
class Reading:
    """All that came out of a list."""

    people: list[FoundPerson]
    problems: list[Problem]
    columns: dict[str, str]
    ignored: list[str]
    fields_to_create: list[str]

    @property
    def first(self) -> FoundPerson:
        return self.people[0]


def read_file(path: Path, content: str | bytes, **choices: Any) -> Reading:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(lambda: open_file(path), **choices)


def read_csv(text: str, **choices: Any) -> Reading:
    return read(lambda: open_csv(text), **choices)


def read_people(people: Sequence[Mapping[str, Any]], **choices: Any) -> Reading:
    return read(lambda: open_people(people), **choices)


def read(
    open_table: Callable[[], AbstractContextManager[Any]],
    *,
    fields: Mapping[str, str] = FIELDS,
    columns: Mapping[str, str] | None = None,
    create_missing_fields: bool = False,
) -> Reading:
    understanding = Understanding(fields, columns, create_missing_fields=create_missing_fields)
    with open_table() as table:
        found = People(table, understanding, FoundPerson)
        batches = list(found)
    return Reading(
        [batch.person(place) for batch in batches for place in range(len(batch.rows))],
        [problem for batch in batches for problem in batch.problems],
        found.columns,
        found.ignored,
        found.fields_to_create,
    )
