"""Where the bytes of uploads are: in files beside SQLite's own, or in the database that replicas share."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

import anyio.to_thread
from sqlalchemy import delete, select

from flodesk_mcp.store.database import Database
from flodesk_mcp.store.errors import StoreError
from flodesk_mcp.store.models import UploadPartRow

__all__ = ["InFolder", "InTable", "UploadBytes"]

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


class UploadBytes(Protocol):
    """What keeps the bytes of each upload under its id. All methods raise StoreError."""

    async def add(self, id: str, part: int, content: bytes) -> None:
        """Add the next part."""

    async def fetch(self, id: str, folder: Path) -> Path:
        """Return a file with all of them, which is called as the id: a new one in `folder`, or the one there is."""

    async def delete(self, ids: Collection[str]) -> None:
        """Delete the bytes of some uploads."""

    async def there(self) -> Collection[str]:
        """Return the ids of all uploads of which there are any."""


class InFolder:
    """A file for each upload, in a folder of this user alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def add(self, id: str, part: int, content: bytes) -> None:
        """Write the next part behind the one before."""
        await anyio.to_thread.run_sync(self._add, id, content)

    async def fetch(self, id: str, folder: Path) -> Path:
        """Return the file that there is."""
        return self._folder / id

    async def delete(self, ids: Collection[str]) -> None:
        """Delete the files of some uploads."""
        try:
            for name in ids:
                (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise _failed(error) from error

    async def there(self) -> Collection[str]:
        """Return the names of all files."""
        return [path.name for path in self._folder.iterdir()] if self._folder.is_dir() else []

    def _add(self, id: str, content: bytes) -> None:
        try:
            self._folder.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
            with os.fdopen(os.open(self._folder / id, flags, PRIVATE_FILE), "ab") as file:
                file.write(content)
        except OSError as error:
            raise _failed(error) from error


class InTable:
    """Rows of the database, some hundred kilobytes each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, id: str, part: int, content: bytes) -> None:
        """Store the next part."""
        async with self._database.writing() as session:
            session.add(UploadPartRow(upload=id, part=part, content=content))

    async def fetch(self, id: str, folder: Path) -> Path:
        """Write all parts into a new file in `folder`, one after the other."""
        path = folder / id
        part = 0
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as file:
            while content := await self._part(id, part):
                await anyio.to_thread.run_sync(file.write, content)
                part += 1
        return path

    async def delete(self, ids: Collection[str]) -> None:
        """Delete the parts of some uploads."""
        async with self._database.writing() as session:
            await session.execute(delete(UploadPartRow).where(UploadPartRow.upload.in_(ids)))

    async def there(self) -> Collection[str]:
        """Return the ids of all uploads that have parts."""
        async with self._database.reading() as session:
            return (await session.execute(select(UploadPartRow.upload).distinct())).scalars().all()

    async def _part(self, id: str, part: int) -> bytes | None:
        query = select(UploadPartRow.content).where(UploadPartRow.upload == id, UploadPartRow.part == part)
        async with self._database.reading() as session:
            return (await session.execute(query)).scalar_one_or_none()


def _failed(error: OSError) -> StoreError:
    return StoreError(f"An uploaded file cannot be kept: {error.strerror or type(error).__name__}.")
