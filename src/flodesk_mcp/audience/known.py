"""People of the mirror as plans compare them, looked up by the thousand."""

from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Column, Text, cast, select

from flodesk_mcp.audience.comparing import Known, key_of
from flodesk_mcp.audience.folding import fold
from flodesk_mcp.audience.mirror import Mirror
from flodesk_mcp.audience.tables import people

__all__ = ["by_addresses", "by_ids"]


_PLAIN = [people.c[name] for name in Known._fields[:-2]]
_QUERY = select(*_PLAIN, cast(people.c.segments, Text), cast(people.c.custom_fields, Text))


async def by_addresses(mirror: Mirror, addresses: Sequence[str]) -> dict[str, Known]:
    """Return those of the list who have one of `addresses`, however it is cased, by `key_of` it."""
    found = await _people(mirror, people.c.email_folded, [*map(fold, addresses)])
    return {key_of(person.email): person for person in found if person.email}


async def by_ids(mirror: Mirror, ids: Sequence[str]) -> dict[str, Known]:
    """Return those of the list who have one of `ids`, by id."""
    return {person.id: person for person in await _people(mirror, people.c.id, ids)}


async def _people(mirror: Mirror, name: Column[str], values: Sequence[str]) -> list[Known]:
    """Return those whose column of that name has one of `values`."""
    if not values:
        return []
    async with mirror.rows.reading() as work:
        rows = await work.among(_QUERY, name, values)
    return [
        Known(id, email, status, first, last, ip, time, _read(segments), _read(custom))
        for id, email, status, first, last, ip, time, segments, custom in rows
    ]


def _read(text: str) -> Any:
    return from_json(text) if len(text) > len("[]") else [] if text == "[]" else {}
