"""A SQLite file of this user alone, or a database in memory that ends with the process."""

import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from flodesk_mcp.audience.errors import AudienceError, MirrorUnusable, StorageFailed

__all__ = ["SqliteFile", "Transaction"]

T = TypeVar("T")

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
        self._unused = anyio.Semaphore(CONNECTIONS if path else 1)  # each one in memory would be a database of its own
        self._is_open = False

    def exists(self) -> bool:
        """Tell whether there is anything to read."""
        return self._is_open if self.path is None else self.path.exists()

    def reading(self) -> AbstractAsyncContextManager["Transaction"]:
        """Open a block that reads. Raises AudienceError."""
        return self._transaction(self._engine)

    def writing(self) -> AbstractAsyncContextManager["Transaction"]:
        """Open a block that writes, and commit at its end. Raises AudienceError."""
        return self._transaction(self._engine.execution_options(**WRITING))

    async def aclose(self) -> None:
        """Close the connections. Another use opens them again; what was in memory is gone."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._engine.dispose)
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
    async def _transaction(self, engine: Engine) -> AsyncIterator["Transaction"]:
        try:
            async with self._opening:
                if not self._is_open:
                    await anyio.to_thread.run_sync(self._open)
            async with self._unused:
                transaction = Transaction(engine)
                try:
                    yield transaction
                    await transaction.commit()
                finally:
                    with anyio.CancelScope(shield=True):
                        await transaction.close()
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise self._what_failed(error) from error

    def _open(self) -> None:
        if self.path is not None:
            _make_private(self.path)
        with self._engine.execution_options(**WRITING).begin() as connection:
            found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if found not in {0, self._version}:
                version = "a newer" if found > self._version else "an older"
                made = f"{self._name} was made by {version} version of flodesk-mcp. {self._remedy}"
                raise MirrorUnusable(made.rstrip())
            self._metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version={self._version}")
        self._is_open = True

    @cached_property
    def _engine(self) -> Engine:
        url = URL.create("sqlite", database=str(self.path) if self.path else ":memory:")
        engine = create_engine(
            url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, poolclass=QueuePool
        )
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
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


class Transaction:
    """A connection that works in threads, one step after the other: each hands over to another thread and back."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writes = engine.get_execution_options().keys() >= WRITING.keys()
        self._connection: Connection | None = None
        self._waiting: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
        self.dialect = engine.dialect

    async def run_sync(self, step: Callable[..., T], *arguments: Any) -> T:
        """Return what `step` does with the connection, which is opened for the first of them."""
        return await anyio.to_thread.run_sync(self._run, step, *arguments)

    async def put_off(self, step: Callable[..., object], *arguments: Any) -> None:
        """Do `step` together with what comes next."""
        self._waiting.append((step, arguments))

    def _run(self, step: Callable[..., T], *arguments: Any) -> T:
        if self._connection is None:
            self._connection = self._engine.connect()
        waiting, self._waiting = self._waiting, []
        for before, given in waiting:
            before(self._connection, *given)
        return step(self._connection, *arguments)

    async def commit(self) -> None:
        """Commit what was written, if anything was."""
        if self._writes and (self._connection or self._waiting):
            await self.run_sync(_commit)

    async def close(self) -> None:
        """Give the connection back; what is not committed is undone."""
        if self._connection and not self._connection.closed:
            if self._writes:
                await anyio.to_thread.run_sync(self._connection.close)
            else:
                self._connection.close()  # which takes less than handing it to a thread


def _commit(connection: Connection) -> None:
    connection.commit()
    connection.close()


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
    connection.connection.cursor().execute("BEGIN IMMEDIATE" if writing else "BEGIN")
