"""The database: SQLite in the user's data folder, or whatever SQLite or PostgreSQL the operator names."""

import os
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from platformdirs import user_data_path
from sqlalchemy import URL, Connection, NullPool, event, make_url, text
from sqlalchemy.exc import ArgumentError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from flodesk_mcp.quota.locking import locked_file
from flodesk_mcp.store.errors import StoreError
from flodesk_mcp.store.failures import DRIVER_ERRORS, what_failed

__all__ = ["Database"]

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
MIGRATIONS = Path(__file__).parent / "migrations"
WRITING = {"flodesk_writing": True}
MIGRATION_LOCK = 0x464C4F44
"""PostgreSQL's advisory locks are numbers; this one spells FLOD."""

LOCK_OF_NAMES = MIGRATION_LOCK + 1
LOCK_FILES = 16
"""Several names may share one, which only makes them wait for each other."""

BUSY_SECONDS = 5
READ_SECONDS = 4
WRITE_SECONDS = 20
CONNECT_SECONDS = 5
ALONE_WITHIN_SECONDS = 21
CLOSE_SECONDS = 2


class Database:
    """Connections to one database. Close it with `aclose()`."""

    def __init__(self, url: str | None) -> None:
        """Take the address of the database; None means the file of this user.

        Raises StoreError for an address that is none.
        """
        self._url = _url_of(url)
        self._is_sqlite = self._url.get_backend_name() == "sqlite"
        if self._is_sqlite:
            _make_private(self._url.database)
            self._engine = create_async_engine(self._url, connect_args={"timeout": BUSY_SECONDS})
            event.listen(self._engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self._engine.sync_engine, "begin", _begin_sqlite)
        else:
            self._engine = create_async_engine(self._url, pool_pre_ping=True, connect_args={"timeout": CONNECT_SECONDS})
        # Connections that only hold locks, some for many minutes, take none of those that requests are answered with.
        self._locks = create_async_engine(self._url, poolclass=NullPool, connect_args={"timeout": CONNECT_SECONDS})
        self.sessions: async_sessionmaker[AsyncSession] = async_sessionmaker(self._engine, expire_on_commit=False)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Open a session for reading, for a few seconds at most.

        Raises StoreError when the database cannot be read, in words without an address or a value.
        """
        try:
            with anyio.fail_after(READ_SECONDS):
                async with self.sessions() as session:
                    yield session
        except DRIVER_ERRORS as error:
            raise what_failed(error, "read") from error

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """Open a session for writing, which is committed at the end of the block.

        Raises IntegrityError for what contradicts what is stored, StoreError when the database cannot be changed.
        """
        try:
            with anyio.fail_after(WRITE_SECONDS):
                async with self.sessions.begin() as session:
                    # From the first statement on: who reads before they write may find that others wrote meanwhile.
                    await session.connection(execution_options=WRITING)
                    yield session
        except IntegrityError:
            raise
        except DRIVER_ERRORS as error:
            raise what_failed(error, "changed") from error

    @asynccontextmanager
    async def completing(self) -> AsyncIterator[AsyncSession]:
        """Do the same to the end, for work beside the requests, which a server that ends would break off.

        What is broken off between two statements may keep others waiting until the connection is found.
        """
        with anyio.CancelScope(shield=True):
            async with self.writing() as session:
                yield session

    @asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[bool]:
        """Hold PostgreSQL's lock of that name for a block; it gets whether nobody else holds it.

        The lock ends with its connection, however this process ends. Raises StoreError.
        """
        try:
            async with self._locks.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                query = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
                yield bool((await connection.execute(query, {"name": name})).scalar())
        except DRIVER_ERRORS as error:
            raise what_failed(error, "reached") from error

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[None]:
        """Keep every other process out that wants the same `name`. One that dies keeps nobody out any longer.

        In PostgreSQL by an advisory lock, which ends with its connection; for SQLite by the lock of a file beside it.

        Raises StoreError when another process takes too long.
        """
        held = AsyncExitStack()
        try:
            if self._is_sqlite:
                beside = Path(f"{self._url.database}-{zlib.crc32(name.encode()) % LOCK_FILES}.lock")
                await held.enter_async_context(locked_file(beside, ALONE_WITHIN_SECONDS))
            else:
                with anyio.fail_after(ALONE_WITHIN_SECONDS):
                    connection = await held.enter_async_context(self._locks.connect())
                    await connection.execute(
                        text("SELECT pg_advisory_xact_lock(:of, hashtext(:name))"), {"of": LOCK_OF_NAMES, "name": name}
                    )
        except DRIVER_ERRORS as error:
            await _let_go(held)
            raise what_failed(error, "locked") from error
        try:
            yield
        finally:
            await _let_go(held)

    async def purge(self) -> None:
        """Leave nothing in SQLite's file, nor in its log, of what was replaced or deleted.

        Raises StoreError when somebody reads or writes all the time.
        """
        if not self._is_sqlite:
            return
        try:
            with anyio.fail_after(WRITE_SECONDS):
                async with self._engine.connect() as connection:
                    driver: Any = (await connection.get_raw_connection()).driver_connection
                    await driver.execute("VACUUM")  # an earlier version did not overwrite what it deleted
                    (busy, *_) = await (await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")).fetchone()
        except DRIVER_ERRORS as error:
            raise _not_purged(str(what_failed(error, "changed"))) from error
        if busy:
            raise _not_purged("The database is in use.")

    async def migrate(self) -> None:
        """Bring the tables up to date, one process after the other.

        Raises StoreError when the database cannot be reached, or is newer than this program.
        """
        try:
            async with self._engine.connect() as connection:
                await connection.execution_options(**WRITING)
                async with connection.begin():
                    if not self._is_sqlite:
                        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
                    await connection.run_sync(_upgrade)
        except CommandError as error:
            raise StoreError("The database was made by a newer version of flodesk-mcp: upgrade this one.") from error
        except TypeError as error:  # drivers take what stands behind the question mark as arguments
            raise StoreError("FLODESK_DATABASE_URL has a parameter that its driver does not know.") from error
        except DRIVER_ERRORS as error:
            raise what_failed(error, "reached or changed") from error

    def beside(self, name: str) -> Path | None:
        """Return a place of that name beside SQLite's file, None where the database is no file."""
        return Path(f"{self._url.database}-{name}") if self._is_sqlite else None

    async def ping(self) -> None:
        """Reach the database, or raise."""
        async with self._engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def aclose(self) -> None:
        """Close the connections, each that is in use when it comes back, without waiting for a database that hangs."""
        event.listen(self._engine.sync_engine.pool, "checkin", lambda _, entry: entry.close())
        with anyio.move_on_after(CLOSE_SECONDS, shield=True):
            await self._engine.dispose()

    def __repr__(self) -> str:
        shown = self._url.set(query={})  # there may be a password there, too
        return f"Database({shown.render_as_string(hide_password=True)})"


def _url_of(given: str | None) -> URL:
    if given is None:
        return URL.create("sqlite+aiosqlite", database=str(user_data_path("flodesk-mcp", False) / "state.sqlite3"))
    try:
        url = make_url(given)
    except ArgumentError:
        raise StoreError(
            "FLODESK_DATABASE_URL must look like sqlite:////var/lib/flodesk-mcp/state.sqlite3 "
            "or postgresql://user:password@host/name."
        ) from None
    backend = url.drivername.partition("+")[0]
    if backend not in DRIVERS:
        raise StoreError(f"FLODESK_DATABASE_URL names {backend}: only sqlite and postgresql are supported.")
    return url.set(drivername=DRIVERS[backend])


def _make_private(path: str | None) -> None:
    """Create the file for this user alone, before SQLite would create it for everybody."""
    if not path or path == ":memory:":
        raise StoreError("FLODESK_DATABASE_URL must name a file.")
    try:
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(f"The database {path} cannot be opened: {error.strerror}.") from error


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # sqlite3 would begin transactions late, and never before a SELECT
    for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().keys() >= WRITING.keys()
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


async def _let_go(held: AsyncExitStack) -> None:
    with suppress(*DRIVER_ERRORS):  # a connection that broke holds nothing any more
        await held.aclose()


def _not_purged(why: str) -> StoreError:
    return StoreError(
        f"It is done, but the database file may still hold the old credential: {why} "
        "Run `flodesk-mcp account rotate` once more."
    )


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
