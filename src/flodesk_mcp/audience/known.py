"""People of the mirror as plans compare them, looked up by the thousand."""

from collections.abc import Collection, Sequence
from functools import lru_cache, partial
from itertools import repeat
from typing import Any

from pydantic_core import from_json
from sqlalchemy import JSON, Column, Text, cast, select

from flodesk_mcp.audience.comparing import Known
from flodesk_mcp.audience.folding import fold
from flodesk_mcp.audience.mirror import Mirror
from flodesk_mcp.audience.rows import AnySelect
from flodesk_mcp.audience.tables import people

__all__ = ["COMPARED", "by_addresses", "by_ids"]

COMPARED = frozenset(Known._fields)


async def by_addresses(
    mirror: Mirror, addresses: Sequence[str], compared: Collection[str] = COMPARED
) -> dict[str, Known]:
    """Return those of the list who have one of `addresses`, however it is cased, by `key_of` it.

    Of each only what is `compared` is read.
    """
    is_plain = "".join(addresses).isascii()  # then this is what folding comes to, at once for all
    wanted = [*map(str.lower if is_plain else fold, addresses)]
    found = await _people(mirror, people.c.email_folded, wanted, {"email", "status", *compared})
    return {person.email.casefold(): person for person in found if person.email}


async def by_ids(mirror: Mirror, ids: Sequence[str], compared: Collection[str] = COMPARED) -> dict[str, Known]:
    """Return those of the list who have one of `ids`, by id. Of each only what is `compared` is read."""
    found = await _people(mirror, people.c.id, ids, {"id", "email", "status", *compared})
    return {person.id: person for person in found}


async def _people(mirror: Mirror, column: Column[str], values: Sequence[str], read: set[str]) -> list[Known]:
    """Return those whose `column` has one of `values`."""
    if not values:
        return []
    async with mirror.rows.reading() as work:
        rows = await work.among(_query(frozenset(read)), column, values)
    if not rows:
        return []
    found = dict(zip([name for name in Known._fields if name in read], zip(*rows, strict=True), strict=True))
    columns = [_values(name, found[name]) if name in found else repeat(_UNREAD.get(name)) for name in Known._fields]
    # As Known(...) does, in a fifth of the time.
    return [*map(partial(tuple.__new__, Known), zip(*columns, strict=False))]


@lru_cache
def _query(read: frozenset[str]) -> AnySelect:
    columns = [people.c[name] for name in Known._fields if name in read]
    return select(*(cast(column, Text) if isinstance(column.type, JSON) else column for column in columns))


_UNREAD: dict[str, Any] = {"id": "", "segments": (), "custom_fields": {}}


def _values(name: str, values: Sequence[Any]) -> Sequence[Any]:
    """Return the values of a column; of JSON all at once, which takes a fifth of the time."""
    if name not in {"segments", "custom_fields"}:
        return values
    found: list[Any] = from_json(f"[{','.join(values)}]")
    return found
