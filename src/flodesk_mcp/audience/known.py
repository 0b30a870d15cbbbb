"""People of the mirror as plans compare them, looked up by the thousand."""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any

from sqlalchemy import Column, select

from flodesk_mcp.audience.comparing import Known
from flodesk_mcp.audience.folding import fold
from flodesk_mcp.audience.mirror import Mirror
from flodesk_mcp.audience.rows import AnySelect
from flodesk_mcp.audience.tables import people

__all__ = ["BY_ID", "COMPARED", "KnownPeople", "known_people"]

BY_ID = "id:"
"""Begins the key of somebody whose row has no address."""

COMPARED = frozenset(Known._fields)
_BLANK = Known("", None, None, None, None, None, None, (), {})

Columns = Mapping[str, Sequence[Any]]


class KnownPeople:
    """Whom the list has of the rows of a chunk, by columns: to make each of so many people would take longer.

    A column holds None beside a row that is about nobody on the list.
    """

    def __init__(self, found: Columns, keys: Sequence[str], of_rows: Sequence[str]) -> None:
        """Take what was `found`, somebody for each of `keys`, for rows that have the keys `of_rows`."""
        places = dict(zip(keys, range(len(keys)), strict=True))
        self._places = [*map(places.get, of_rows, repeat(-1))]
        self._columns = {name: [*map([*column, None].__getitem__, self._places)] for name, column in found.items()}

    def has(self, place: int) -> bool:
        """Tell whether the row at a place is about somebody on the list."""
        return self._places[place] >= 0

    def column(self, name: str) -> Sequence[Any]:
        """Return what is known of each, beside the rows."""
        return self._columns[name]

    def person(self, place: int) -> Known | None:
        """Return who the row at a place is about. What is not compared is blank."""
        if not self.has(place):
            return None
        return _BLANK._replace(**{name: column[place] for name, column in self._columns.items()})


async def known_people(
    mirror: Mirror, keys: Sequence[str], emails: Sequence[str], ids: Sequence[str], compared: Collection[str] = COMPARED
) -> KnownPeople:
    """Return who has the address of a row, however it is cased, or where that is blank, its id.

    `keys` of the rows are what `key_of` makes of the addresses, or BY_ID and the id. Of each person only what is
    `compared` is read.
    """
    others = [known for email, known in zip(emails, ids, strict=True) if not email]
    is_plain = not others and "".join(emails).isascii()
    wanted = keys if is_plain else [*map(fold, filter(None, emails))]  # of such text folding makes the same
    read = {"email", "status", *compared, *(["id"] if others else [])}
    found = await _people(mirror, people.c.email_folded, wanted, read)
    found_keys = [*map(str.casefold, found["email"])]
    if others:
        by_id = await _people(mirror, people.c.id, others, read)
        found = {name: [*found[name], *by_id[name]] for name in found}
        found_keys += [BY_ID + known for known in by_id["id"]]
    return KnownPeople(found, found_keys, keys)


async def _people(mirror: Mirror, column: Column[str], values: Sequence[str], read: Collection[str]) -> Columns:
    """Return what is to be `read` of those whose `column` has one of `values`."""
    names = [name for name in Known._fields if name in read]
    async with mirror.rows.reading() as work:
        columns = await work.columns_among(_query(tuple(names)), column, values)
    return dict(zip(names, columns, strict=True))


@lru_cache
def _query(names: tuple[str, ...]) -> AnySelect:
    return select(*(people.c[name] for name in names))
