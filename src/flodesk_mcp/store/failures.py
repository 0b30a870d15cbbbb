"""A database in trouble, in words: without an address, a value or a statement."""

import sqlite3
from collections.abc import Mapping

import asyncpg  # type: ignore[import-untyped] # it has no types
from sqlalchemy.exc import SQLAlchemyError

from flodesk_mcp.store.errors import StoreError

__all__ = ["DRIVER_ERRORS", "what_failed"]

DRIVER_ERRORS: tuple[type[Exception], ...] = (
    SQLAlchemyError,
    sqlite3.Error,  # SQLAlchemy wraps most, but none of those while it connects
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)

CHANGED = "lacks something that this program stores there, or was changed by another: restore a backup"

WORDS: Mapping[str, str] = {
    "SQLITE_BUSY": "is locked by another process: try again",
    "SQLITE_LOCKED": "is locked by another process: try again",
    "SQLITE_FULL": "cannot grow: its disk is full",
    "SQLITE_READONLY": "is read-only, or its folder is",
    "SQLITE_CANTOPEN": "cannot be opened: look at the rights of its file and its folder",
    "SQLITE_NOTADB": "is none: FLODESK_DATABASE_URL names some other file",
    "SQLITE_CORRUPT": "is damaged: restore a backup",
    "SQLITE_IOERR": "cannot be read from its disk, or not be written to it",
    "SQLITE_ERROR": CHANGED,
    "42P01": CHANGED,
    "42703": CHANGED,
}
"""By the beginning of SQLite's name for an error, or PostgreSQL's number (no such table, no such column)."""


def what_failed(error: Exception, done: str) -> StoreError:
    """Return the one line for an error of a database that could not be `done`."""
    cause = getattr(error, "orig", None) or error
    name = str(getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or "")
    for beginning, words in WORDS.items():
        if name.startswith(beginning):
            return StoreError(f"The database {words}.")
    if isinstance(cause, TimeoutError):
        return StoreError("The database does not answer.")
    return StoreError(f"The database cannot be {done} ({type(error).__name__}).")
