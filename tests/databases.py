"""Databases for tests: empty ones, and copies of those whose tables were made once, which takes most of the time."""

import os
import shutil
from pathlib import Path

import asyncpg  # type: ignore[import-untyped] # it has no types


async def made(url: str) -> None:
    """Make the tables of a hosted server in an empty database."""
    from flodesk_mcp.store import Database

    database = Database(url)
    await database.migrate()
    await database.aclose()


async def new_database(postgresql: str, template: str = "template1") -> str:
    """Make a database in a PostgreSQL, a copy of another, and return its address."""
    name = f"test_{os.urandom(4).hex()}"
    connection = await asyncpg.connect(postgresql)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    await connection.close()
    return postgresql.replace("/postgres", f"/{name}")


async def drop(postgresql: str, url: str) -> None:
    """Delete a database, which is three hundred files, whoever still uses it."""
    connection = await asyncpg.connect(postgresql)
    await connection.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")
    await connection.close()


def new_file(folder: Path, template: Path) -> str:
    """Copy an SQLite database into `folder`, and return its address."""
    return f"sqlite:///{shutil.copy(template, folder)}"
