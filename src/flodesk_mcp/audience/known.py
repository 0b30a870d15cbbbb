"""People of the mirror, looked up by the hundreds."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, select

from flodesk_mcp.audience.comparing import key_of
from flodesk_mcp.audience.folding import fold
from flodesk_mcp.audience.mirror import Mirror
from flodesk_mcp.audience.person import COLUMNS, Person
from flodesk_mcp.audience.tables import people

__all__ = ["by_addresses", "by_ids"]


async def by_addresses(mirror: Mirror, addresses: Iterable[str]) -> dict[str, Person]:
    """Return those of the list who have one of `addresses`, however it is cased, by `key_of` it."""
    wanted = [fold(address) for address in addresses]
    found = await _people(mirror, people.c.email_folded.in_(wanted)) if wanted else []
    return {key_of(person.email): person for person in found if person.email}


async def by_ids(mirror: Mirror, ids: Sequence[str]) -> dict[str, Person]:
    """Return those of the list who have one of `ids`, by id."""
    return {person.id: person for person in await _people(mirror, people.c.id.in_(ids))} if ids else {}


async def _people(mirror: Mirror, clause: ColumnElement[bool]) -> list[Person]:
    query = select(*(people.c[name] for name in COLUMNS)).where(clause)
    async with mirror.rows.reading() as work:
        return [Person(*tuple(row)) for row in await work.all(query)]
