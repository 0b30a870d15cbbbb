"""People of the mirror as plans compare them, looked up by the hundreds."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic_core import from_json
from sqlalchemy import ColumnElement, Text, cast, select

from flodesk_mcp.audience.comparing import Known, key_of
from flodesk_mcp.audience.folding import fold
from flodesk_mcp.audience.mirror import Mirror
from flodesk_mcp.audience.tables import people

__all__ = ["by_addresses", "by_ids"]


_PLAIN = [people.c[name] for name in Known._fields[:-2]]
_QUERY = select(*_PLAIN, cast(people.c.segments, Text), cast(people.c.custom_fields, Text))
_NONE: dict[str, Any] = {"[]": [], "{}": {}}


async def by_addresses(mirror: Mirror, addresses: Iterable[str]) -> dict[str, Known]:
    """Return those of the list who have one of `addresses`, however it is cased, by `key_of` it."""
    wanted = [fold(address) for address in addresses]
    found = await _people(mirror, people.c.email_folded.in_(wanted)) if wanted else []
    return {key_of(person.email): person for person in found if person.email}


async def by_ids(mirror: Mirror, ids: Sequence[str]) -> dict[str, Known]:
    """Return those of the list who have one of `ids`, by id."""
    return {person.id: person for person in await _people(mirror, people.c.id.in_(ids))} if ids else {}


async def _people(mirror: Mirror, clause: ColumnElement[bool]) -> list[Known]:
    async with mirror.rows.reading() as work:
        rows = await work.all(_QUERY.where(clause))
    return [Known._make((*row[:-2], _read(row[-2]), _read(row[-1]))) for row in map(tuple, rows)]


def _read(text: str) -> Any:
    return _NONE[text] if text in _NONE else from_json(text)
