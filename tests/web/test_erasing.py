"""Erasing an account leaves nothing of it."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, text

from flodesk_mcp.cli.commands import cli
from flodesk_mcp.settings import load_settings
from flodesk_mcp.store import Database, Store, StoredReceivers, TokenLimits
from flodesk_mcp.store.models import UploadPartRow
from flodesk_mcp.web.audiences import Audiences
from flodesk_mcp.web.auth.known_keys import key_identities
from flodesk_mcp.web.erasing import erase_account
from flodesk_mcp.web.settings import HostedSettings

from .calls import Hosted, call, result_of
from .events.hooks import unsubscribed
from .files.visitor import Caller, Visitor
from .sign_in.person import Person
from .sign_in.program import PUBLIC_URL, Program

pytestmark = pytest.mark.anyio

IMPORT = call("plan_flodesk_import", people=[{"email": "gone@example.com"}])
EXPORT = call("export_flodesk_subscribers", file_format="csv")
ADD = call("create_a_flodesk_subscriber", email="here@example.com")
SEARCH = call("search_flodesk_subscribers", refresh=True)
SERVED: dict[str, Any] = {
    "auth": "tokens,sign-in",
    "public_url": PUBLIC_URL,
    "toolsets": "all,events",
    "confirm": "never",
}
LEFT_BY_BOTH = {
    *("accounts", "tokens", "grants", "file_links", "uploads"),
    *("webhook_receivers", "event_sightings", "events"),
}


@pytest.fixture
def _database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLODESK_DATABASE_URL", database_url)


@pytest.fixture
async def used(
    _database: None, encryption_key: str, hosted: Hosted, flodesk: Any
) -> AsyncIterator[tuple[Store, HostedSettings]]:
    """Two accounts with a mirror, a plan, an export, an upload, an event and a program each; no server runs now."""
    settings = load_settings(HostedSettings)
    identities_of = key_identities(settings.encryption_keys)
    async with Store(settings.database_address, settings.encryption_keys) as store:
        receivers = StoredReceivers(store.accounts._database)
        async with hosted(**SERVED) as client:
            for person in ("ann", "ben"):
                key = f"key-{person}"
                account = await store.accounts.add(person, "api_key", key, identities_of(key))
                token = await store.tokens.create(person, person, TokenLimits())
                caller = Caller(client, {"Authorization": f"Bearer {token}"})
                for request in (ADD, SEARCH, IMPORT, EXPORT):
                    answer = await client.post("/mcp", json=request, headers=dict(caller.headers))
                    assert not result_of(answer)["isError"], answer.text
                asked = await caller.called("plan_flodesk_import", file="guests.csv")
                await Visitor(client).send(asked["upload_url"])
                address = f"/webhooks/{account}/{(await receivers.add(account)).secret}"
                assert (await client.post(address, json=unsubscribed())).status_code == 200
                program = Program(client)
                await program.register()
                await program.tokens(Person(client, key))
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
            named = ["id"] if table == "accounts" else [*columns & {"account", "account_id"}]
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


async def uploads_there(settings: HostedSettings) -> int:
    """Return of how many uploads there are bytes, in the database or beside it."""
    database = Database(settings.database_address)
    async with database.reading() as session:
        parts = (await session.execute(select(func.count(UploadPartRow.upload.distinct())))).scalar_one()
    folder = database.beside("uploads")
    await database.aclose()
    return parts + (len(list(folder.iterdir())) if folder else 0)


async def test_an_erased_account_leaves_no_row_and_no_file(used: tuple[Store, HostedSettings]) -> None:
    store, settings = used
    ann, ben = await store.accounts.id_of("ann"), await store.accounts.id_of("ben")
    kept = {*await rows_of(settings, ann), *(file.name for file in files_of(settings, ann))}
    assert {"jobs", "plans", "people"} <= kept or {"jobs.sqlite3", "mirror.sqlite3"} <= kept
    assert kept >= LEFT_BY_BOTH
    assert await uploads_there(settings) == 2
    before = await rows_of(settings, ben), len(files_of(settings, ben))
    audiences = Audiences(settings, keeps_state=True)
    await erase_account(store.accounts, audiences, ann)
    await audiences.aclose()
    assert await rows_of(settings, ann) == {}
    assert files_of(settings, ann) == []
    assert (await rows_of(settings, ben), len(files_of(settings, ben))) == before
    assert await uploads_there(settings) == 1


@pytest.mark.parametrize("in_use", [True, False], ids=["in use", "not in use since the start"])
async def test_a_person_who_lets_their_key_be_forgotten_leaves_nothing(
    used: tuple[Store, HostedSettings], hosted: Hosted, in_use: bool
) -> None:
    store, settings = used
    ann, ben = await store.accounts.id_of("ann"), await store.accounts.id_of("ben")
    before = await rows_of(settings, ben), len(files_of(settings, ben))
    async with hosted(**SERVED) as client:
        if in_use:  # so that the server has the copy open
            token = await store.tokens.create("again", "ann", TokenLimits())
            await Caller(client, {"Authorization": f"Bearer {token}"}).called("search_flodesk_subscribers")
        person = Person(client, "key-ann")
        proved = await person.submit(await person.open("/connected"), way="key", key=person.key)
        page = await person.open(proved.headers["location"])
        pressed = await person.submit(page, form=1, way="forget")
        assert pressed.status_code == 303, pressed.text
        assert await rows_of(settings, ann) == {}
        assert files_of(settings, ann) == []
        assert await uploads_there(settings) == 1
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
