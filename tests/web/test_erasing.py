"""Erasing an account leaves nothing of it."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from flodesk_mcp.cli.commands import cli
from flodesk_mcp.settings import load_settings
from flodesk_mcp.store import Database, Store, TokenLimits
from flodesk_mcp.web.audiences import Audiences
from flodesk_mcp.web.erasing import erase_account
from flodesk_mcp.web.settings import HostedSettings

from .calls import Hosted, call, result_of

pytestmark = pytest.mark.anyio

IMPORT = call("plan_flodesk_import", people=[{"email": "gone@example.com"}])
EXPORT = call("export_flodesk_subscribers", file_format="csv")
ADD = call("create_a_flodesk_subscriber", email="here@example.com")
SEARCH = call("search_flodesk_subscribers", refresh=True)


@pytest.fixture
def _database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLODESK_DATABASE_URL", database_url)


@pytest.fixture
async def used(
    _database: None, encryption_key: str, hosted: Hosted, flodesk: Any
) -> AsyncIterator[tuple[Store, HostedSettings]]:
    """Two accounts, each with a mirror, a plan and an export; no server runs any more."""
    settings = load_settings(HostedSettings)
    async with Store(settings.database_address, settings.encryption_keys) as store:
        for person in ("ann", "ben"):
            await store.accounts.add(person, "api_key", f"key-{person}")
        tokens = [await store.tokens.create(person, person, TokenLimits()) for person in ("ann", "ben")]
        async with hosted(auth="tokens", toolsets="all") as client:
            for token in tokens:
                for request in (ADD, SEARCH, IMPORT, EXPORT):
                    answer = await client.post("/mcp", json=request, headers={"Authorization": f"Bearer {token}"})
                    assert not result_of(answer)["isError"], answer.text
        yield store, settings


async def rows_of(settings: HostedSettings, account: str) -> dict[str, int]:
    """Return how many rows of an account each table of the database has, by whatever column it is named."""
    database = Database(settings.database_address)
    name = Audiences(settings, keeps_state=True).name_of(account)
    found = {}
    async with database.reading() as session:
        connection = await session.connection()
        tables = await connection.run_sync(_tables)
        for table, columns in tables.items():
            named = [column for column in ("account", "account_id") if column in columns]
            for column in named:
                query = text(f'SELECT count(*) FROM "{table}" WHERE {column} IN (:id, :name)')
                found[table] = (await session.execute(query, {"id": account, "name": name})).scalar_one()
    await database.aclose()
    return {table: count for table, count in found.items() if count}


def _tables(connection: Any) -> dict[str, set[str]]:
    from sqlalchemy import inspect

    seen = inspect(connection)
    return {table: {column["name"] for column in seen.get_columns(table)} for table in seen.get_table_names()}


def files_of(settings: HostedSettings, account: str) -> list[Path]:
    audiences = Audiences(settings, keeps_state=True)
    folder = audiences.folder
    return list((folder / "audience" / audiences.name_of(account)).rglob("*")) if folder else []


async def test_an_erased_account_leaves_no_row_and_no_file(used: tuple[Store, HostedSettings]) -> None:
    store, settings = used
    ann, ben = await store.accounts.id_of("ann"), await store.accounts.id_of("ben")
    kept = {*await rows_of(settings, ann), *(file.name for file in files_of(settings, ann))}
    assert {"jobs", "plans", "people"} <= kept or {"jobs.sqlite3", "mirror.sqlite3"} <= kept
    before = await rows_of(settings, ben), len(files_of(settings, ben))
    audiences = Audiences(settings, keeps_state=True)
    await erase_account(store.accounts, audiences, ann)
    await audiences.aclose()
    assert await rows_of(settings, ann) == {}
    assert files_of(settings, ann) == []
    assert (await rows_of(settings, ben), len(files_of(settings, ben))) == before


async def test_the_command_erases_everything(used: tuple[Store, HostedSettings]) -> None:
    store, settings = used
    ann = await store.accounts.id_of("ann")
    result = await anyio.to_thread.run_sync(CliRunner().invoke, cli, ["account", "remove", "ann"])
    assert result.exit_code == 0, result.output
    assert await rows_of(settings, ann) == {}
    assert files_of(settings, ann) == []


async def test_jobs_and_plans_are_forgotten_though_nobody_begins_another(used: tuple[Store, HostedSettings]) -> None:
    store, settings = used
    ann = await store.accounts.id_of("ann")
    audiences = Audiences(settings, keeps_state=True)
    async with audiences.jobs_of(ann) as jobs:
        assert jobs is not None
        assert await jobs.latest(10)
    await audiences.forget_over(time.time() + 31 * 24 * 3600)
    async with audiences.jobs_of(ann) as jobs:
        assert jobs is not None
        assert not await jobs.latest(10)
    await audiences.aclose()
