"""A SQLite file of this user alone, or a database in memory that ends with the process."""

import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import anyio
from sqlalchemy import URL, Connection, MetaData, event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from flodesk_mcp.audience.errors import AudienceError, MirrorUnusable, StorageFailed

__all__ = ["SqliteFile"]

BUSY_SECONDS = 10
CONNECTIONS = 3
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
WRITING = {"flodesk_writing": True}

DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
WORDS = {
    "SQLITE_FULL": "its disk is full: make room, and call again; what was stored so far is kept",
    "SQLITE_BUSY": "another process is writing into it: try again",
    "SQLITE_READONLY": "it is read-only, or its folder is",
    "SQLITE_CANTOPEN": "it cannot be opened: look at the rights of the file and its folder",
    "SQLITE_IOERR": "its disk cannot be read or written",
}
"""By the beginning of SQLite's name for an error."""


class SqliteFile:
    """Connections to a file with the tables of `metadata`, made when it is first opened. Without a path, in memory.

    `version` is that of the tables: a file with another one is left alone. `remedy` says what to do about one that
    cannot be read.
    """

    def __init__(self, path: Path | None, metadata: MetaData, version: int, remedy: str = "") -> None:
        self.path = path
        self._metadata = metadata
        self._version = version
        self._remedy = remedy
        self._opening = anyio.Lock()
        self._is_open = False

    def exists(self) -> bool:
        """Tell whether there is anything to read."""
        return self._is_open if self.path is None else self.path.exists()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for a block that reads. Raises AudienceError."""
        async with self._connection({}) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for a block that writes, and commit at its end. Raises AudienceError."""
        async with self._connection(WRITING) as connection:
            yield connection

    async def aclose(self) -> None:
        """Close the connections. Another use opens them again; what was in memory is gone."""
        with anyio.CancelScope(shield=True):
            if "_engine" in self.__dict__:
                await self._engine.dispose()
                del self.__dict__["_engine"]
        self._is_open = False

    async def remove(self) -> None:
        """Delete everything."""
        await self.aclose()
        for path in self._files():
            path.unlink(missing_ok=True)

    async def set_aside(self, ending: str) -> Path | None:
        """Give the file another name, so that a new one can be begun; return it."""
        await self.aclose()
        if self.path is None or not self.path.exists():
            return None
        for path in self._files():
            if path.exists():
                path.rename(path.with_name(f"{path.name}.{ending}"))
        return self.path.with_name(f"{self.path.name}.{ending}")

    def _files(self) -> list[Path]:
        return [self.path.with_name(self.path.name + end) for end in ("", "-wal", "-shm")] if self.path else []

    @asynccontextmanager
    async def _connection(self, options: dict[str, Any]) -> AsyncIterator[AsyncConnection]:
        try:
            await self._open()
            async with self._engine.connect() as connection:
                await connection.execution_options(**options)
                async with connection.begin():
                    yield connection
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise self._what_failed(error) from error

    async def _open(self) -> None:
        async with self._opening:
            if self._is_open:
                return
            if self.path is not None:
                _make_private(self.path)
            async with self._engine.connect() as connection:
                await connection.execution_options(**WRITING)
                async with connection.begin():
                    found = (await connection.execute(text("PRAGMA user_version"))).scalar_one()
                    if found not in {0, self._version}:
                        version = "a newer" if found > self._version else "an older"
                        made = f"{self._name} was made by {version} version of flodesk-mcp. {self._remedy}"
                        raise MirrorUnusable(made.rstrip())
                    await connection.run_sync(self._metadata.create_all)
                    await connection.execute(text(f"PRAGMA user_version={self._version}"))
            self._is_open = True

    @cached_property
    def _engine(self) -> AsyncEngine:
        url = URL.create("sqlite+aiosqlite", database=str(self.path) if self.path else ":memory:")
        engine = create_async_engine(
            url,
            connect_args={"timeout": BUSY_SECONDS},
            poolclass=AsyncAdaptedQueuePool,
            pool_size=CONNECTIONS if self.path else 1,  # each one in memory would be a database of its own
            max_overflow=0,
            pool_timeout=None,  # whoever waits for a connection is cancelled by whoever called
        )
        event.listen(engine.sync_engine, "connect", _prepare)
        event.listen(engine.sync_engine, "begin", _begin)
        return engine

    @property
    def _name(self) -> str:
        return str(self.path or "The database in memory")

    def _what_failed(self, error: Exception) -> AudienceError:
        cause = getattr(error, "orig", None) or error
        name = str(getattr(cause, "sqlite_errorname", None) or "")
        if name.startswith(DAMAGED):
            return MirrorUnusable(f"{self._name} is damaged. {self._remedy}".rstrip())
        words = next((words for beginning, words in WORDS.items() if name.startswith(beginning)), None)
        if isinstance(cause, OSError):
            words = cause.strerror or type(cause).__name__
        return StorageFailed(f"{self._name} cannot be used: {words or name or type(error).__name__}.")


def _make_private(path: Path) -> None:
    """Create the file for this user alone, before SQLite would create it for everybody."""
    path.parent.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
    path.parent.chmod(PRIVATE_FOLDER)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), PRIVATE_FILE))


def _prepare(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # sqlite3 would begin transactions late, and never before a SELECT
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().keys() >= WRITING.keys()
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
