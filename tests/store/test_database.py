"""Opening and migrating the database."""

import gc
import re
import stat
import warnings
from pathlib import Path

import anyio
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from databases import new_database
from flodesk_mcp.audience.plan_tables import plans
from flodesk_mcp.audience.tables import METADATA
from flodesk_mcp.store import Database, StoreError
from flodesk_mcp.store.models import Base

pytestmark = pytest.mark.anyio


async def test_the_migrations_make_exactly_the_tables_of_the_models(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        is_shared = connection.dialect.name == "postgresql"  # beside SQLite each account has files of its own
        tables = [Base.metadata, METADATA, plans.metadata] if is_shared else Base.metadata
        options = {"include_name": lambda name, kind, _: kind != "table" or not re.fullmatch(r"people_\d+", name)}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables))  # type: ignore[arg-type] # it takes several, too

    async with database.sessions() as session:
        connection = await session.connection()
        assert await connection.run_sync(differences) == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_processes_that_start_at_once_migrate_one_after_the_other(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/state.sqlite3"
    if kind == "postgresql":
        url = await new_database(request.getfixturevalue("postgresql"))
    databases = [Database(url) for _ in range(5)]
    async with anyio.create_task_group() as group:
        for database in databases:
            group.start_soon(database.migrate)
    async with databases[0].sessions() as session:
        assert (await session.execute(text("SELECT count(*) FROM alembic_version"))).scalar_one() == 1
    for database in databases:
        await database.aclose()


async def test_a_connection_that_is_in_use_when_the_database_is_closed_is_closed_when_it_comes_back(url: str) -> None:
    database = Database(url)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ResourceWarning)
        async with database.sessions() as session:
            await session.execute(text("SELECT 1"))
            await database.aclose()
        del session
        gc.collect()
    assert not warned


async def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    async with database.sessions.begin() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version"):
        await database.migrate()


async def test_it_can_be_reached(database: Database) -> None:
    await database.ping()


async def test_a_password_is_not_shown() -> None:
    assert "hunter2" not in repr(Database("postgresql://someone@127.0.0.1:9/nothing?password=hunter2"))
    database = Database("postgresql://someone:hunter2@127.0.0.1:9/nothing")
    assert "hunter2" not in repr(database)
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        await database.migrate()
    assert "hunter2" not in str(caught.value)
    await database.aclose()


async def test_the_file_is_for_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "state.sqlite3"
    database = Database(f"sqlite:///{path}")
    await database.migrate()
    await database.aclose()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_by_default_the_file_is_in_the_users_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    database = Database(None)
    await database.migrate()
    await database.aclose()
    assert (tmp_path / "flodesk-mcp" / "state.sqlite3").exists()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nothing", "must look like"),
        ("mysql://localhost/flodesk", "names mysql"),
        ("sqlite://", "must name a file"),
        ("sqlite:////proc/nowhere/state.sqlite3", "cannot be opened"),
    ],
)
async def test_an_address_that_leads_nowhere_is_explained(address: str, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        Database(address)
