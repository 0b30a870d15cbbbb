"""Both kinds of database: SQLite, and a real PostgreSQL where Debian's package is installed."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped] # it has no types
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from flodesk_mcp.store import Database, Sealer, StoredAccounts, StoredTokens


class Clock:
    """The time that tokens and accounts go by."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def anyio_backend() -> str:
    """The database works in threads and sockets, which virtual time would overtake."""
    return "asyncio"


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state.sqlite3"
    address: str = request.getfixturevalue("postgresql")
    name = f"test_{os.urandom(4).hex()}"
    connection = await asyncpg.connect(address)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return address.replace("/postgres", f"/{name}")


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = Database(url)
    await opened.migrate()
    yield opened
    await opened.aclose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(SecretStr(Fernet.generate_key().decode()))


@pytest.fixture
def accounts(database: Database, sealer: Sealer, clock: Clock) -> StoredAccounts:
    return StoredAccounts(database, sealer, clock)


@pytest.fixture
def tokens(database: Database, sealer: Sealer, clock: Clock) -> StoredTokens:
    return StoredTokens(database, sealer, clock)
