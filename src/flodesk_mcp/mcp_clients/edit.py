"""How an entry gets into a text and out of it: what every format does, and how each change is proved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flodesk_mcp.mcp_clients.entries import Entry

__all__ = ["Editor", "NotValid", "ending_of"]


class NotValid(Exception):
    """The text is not what the client could read, or not in a form that can be changed without touching the rest."""


@dataclass(frozen=True)
class Editor:
    """Changes texts of one format. `put` and `take` change as little as they can; `read` proves what they did.

    Each raises NotValid. `take` is asked only for an entry that is there.
    """

    read: Callable[[str], Any]
    put: Callable[[str, str, str, Entry], str]
    take: Callable[[str, str, str], str]

    def entry(self, text: str, servers: str, name: str) -> Entry | None:
        """Return what stands under `name` among the `servers` in a text."""
        listed = self._read(text).get(servers)
        entry = listed.get(name) if isinstance(listed, Mapping) else None
        return entry if isinstance(entry, dict) else None

    def with_entry(self, text: str, servers: str, name: str, entry: Entry) -> str:
        """Return the text with an entry of that name, in place of one that is there.

        Raises NotValid.
        """
        before = self._read(text)
        listed = before.get(servers)
        if listed is not None and not isinstance(listed, Mapping):
            raise NotValid(f"{servers!r} holds something else than servers by name")
        if isinstance(listed, Mapping) and listed.get(name) == entry:
            return text
        after = {**before, servers: {**(listed or {}), name: entry}}
        return self._proved(self.put(text, servers, name, entry), after)

    def without_entry(self, text: str, servers: str, name: str) -> str:
        """Return the text without the entry of that name. Raises NotValid."""
        before = self._read(text)
        listed = before.get(servers)
        if not isinstance(listed, Mapping) or name not in listed:
            return text
        left = {known: entry for known, entry in listed.items() if known != name}
        return self._proved(self.take(text, servers, name), {**before, servers: left})

    def _read(self, text: str) -> Mapping[str, Any]:
        content = self.read(text) if text.strip("\ufeff \t\r\n") else {}
        if content is None:
            content = {}  # a file of comments alone
        if not isinstance(content, Mapping):
            raise NotValid("it holds something else than settings by name")
        return content

    def _proved(self, text: str, wanted: Mapping[str, Any]) -> str:
        try:
            if _bare(self._read(text)) == _bare(wanted):
                return text
        except NotValid:
            pass
        raise NotValid("its form does not let the entry change without touching the rest: change it by hand")


def _bare(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told, leaving out lists of servers that are empty: without one, there are as few."""
    return {name: value for name, value in content.items() if value not in (None, {})}


def ending_of(text: str) -> str:
    """Return how lines end in a text."""
    return "\r\n" if "\r\n" in text else "\n"
