"""From the names that people use to the ids that Flodesk wants."""

import re
from collections.abc import Awaitable, Callable

from flodesk_mcp.api.errors import UnknownName
from flodesk_mcp.api.retry import Sender
from flodesk_mcp.flodesk.models import Page, Segment, Workflow
from flodesk_mcp.freshness import Fresh

__all__ = ["Directory"]

CACHED_SECONDS = 300
MAX_PAGES = 20
PER_PAGE = 100

# Segment ids are 24 hex digits; the form of other ids is unknown. Nobody names a thing like the first. The second may
# be an id or a name ("black-friday-2026"), so it is looked up, and is an id when it is no name.
_ID = re.compile(r"[0-9a-f]{24}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PERHAPS_AN_ID = re.compile(r"(?=\S*\d)[A-Za-z0-9_-]{16,}")


class Directory:
    """The names and ids of one kind of thing in an account, looked up once and kept for five minutes."""

    def __init__(
        self, kind: str, sender: Sender, fetch: Callable[..., Awaitable[Page[Segment] | Page[Workflow]]]
    ) -> None:
        self._kind = kind
        self._sender = sender
        self._fetch = fetch
        self._names = Fresh(self._look_up, CACHED_SECONDS)

    async def id_of(self, id_or_name: str) -> str:
        """Return the id for an exact name, however it is cased. What can only be an id is one, at no cost.

        Raises UnknownName for a name that fits nothing or several.
        """
        if _ID.fullmatch(id_or_name):
            return id_or_name
        seen = self._names.look_ups
        with self._sender.one_deadline():
            names = await self._names.get()
            found = _found(id_or_name, names)
            if not found:
                names = await self._names.newer_than(seen)
                found = _found(id_or_name, names)
        if len(found) == 1:
            return found[0]
        if not found and _PERHAPS_AN_ID.fullmatch(id_or_name):
            return id_or_name
        candidates = {found_id: names[found_id] for found_id in found} if found else names
        raise UnknownName(self._kind, id_or_name, candidates)

    async def by_id(self) -> dict[str, str]:
        """Return every name by id."""
        with self._sender.one_deadline():
            return dict(await self._names.get())

    async def ids_of(self, name: str) -> list[str]:
        """Return the ids of all things of that name, however it is cased."""
        return _found(name, await self.by_id())

    def forget(self) -> None:
        """Look everything up again the next time: something was created."""
        self._names.forget()

    async def _look_up(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for page in range(1, MAX_PAGES + 1):
            answer = await self._fetch(page=page, per_page=PER_PAGE)
            names |= {item.id: item.name or "" for item in answer.data}
            if page >= (answer.meta.total_pages or 0):
                break
        return names


def _found(id_or_name: str, names: dict[str, str]) -> list[str]:
    if id_or_name in names:
        return [id_or_name]
    wanted = id_or_name.strip().casefold()
    return [known for known, name in names.items() if name.strip().casefold() == wanted]
