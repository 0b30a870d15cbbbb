"""Where the people of a plan come from, read beside other work."""

from collections.abc import AsyncIterator, Generator
from contextlib import AbstractContextManager
from typing import Protocol

import anyio.to_thread

from flodesk_mcp.audience.comparing import Wanted
from flodesk_mcp.audience.files import Batch, People, Table, Understanding

__all__ = ["Chunk", "PeopleOf", "Source"]

Chunk = Batch[Wanted]


class Source(Protocol):
    """A file, a text or a list of people."""

    def __call__(self) -> AbstractContextManager[Table]:
        """Open it. Raises FileRefused, also while it is read."""


class PeopleOf:
    """The people of a source, by the thousand. What is known of its columns grows as it is read."""

    def __init__(self, source: Source, understanding: Understanding) -> None:
        self._source = source
        self._understanding = understanding
        self.columns: dict[str, str] = {}
        self.ignored: list[str] = []
        self.fields_to_create: list[str] = []

    async def __aiter__(self) -> AsyncIterator[Chunk]:
        """Yield everybody, and each problem. Raises FileRefused."""
        chunks = self._chunks()
        try:
            while chunk := await anyio.to_thread.run_sync(next, chunks, None):
                yield chunk
        finally:
            chunks.close()

    def _chunks(self) -> Generator[Chunk, None, None]:
        with self._source() as table:
            people = People(table, self._understanding, Wanted)
            for chunk in people:
                self.columns, self.ignored = people.columns, people.ignored
                self.fields_to_create = people.fields_to_create
                yield chunk
            self.columns, self.ignored = people.columns, people.ignored
