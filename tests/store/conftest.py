"""Both kinds of database: SQLite, and a real PostgreSQL where Debian's package is installed."""

from collections.abc import AsyncIterator

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from flodesk_mcp.store import Database, Sealer, StoredAccounts, StoredSubjects, StoredTokens


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


@pytest.fixture
def url(database_url: str) -> str:
    """The address of a database without rows."""
    return database_url


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = Database(url)
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


@pytest.fixture
def subjects(database: Database, sealer: Sealer) -> StoredSubjects:
    return StoredSubjects(database, sealer)
