"""Both kinds of database: SQLite, and a real PostgreSQL where Debian's package is installed."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg  # type: ignore[import-untyped] # it has no types
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from flodesk_mcp.store import Database, Sealer, StoredAccounts, StoredTokens
from ports import free_port


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


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL server of the tests' own, on a free port of this machine."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs or (os.geteuid() == 0 and not shutil.which("runuser")):
        pytest.skip("Debian's package postgresql is not installed")
    with TemporaryDirectory(prefix="flodesk-postgresql-") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        port = free_port()
        initdb, control, data = programs[-1], programs[-1].with_name("pg_ctl"), f"{folder}/data"
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        _run(initdb, "-D", data, "-A", "trust", "-U", "flodesk")
        _run(control, "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql://flodesk@127.0.0.1:{port}/postgres"
        finally:
            _run(control, "-D", data, "-w", "-m", "immediate", "stop")


def _run(program: Path, *arguments: str) -> None:
    # PostgreSQL refuses to run as root.
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, str(program), *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/")


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
