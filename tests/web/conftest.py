"""Hosted servers in process: real requests to the real application, in front of a sandbox with several accounts."""

import logging
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import select

from databases import new_file
from flodesk_mcp.http import create_app
from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.settings import load_settings, variable
from flodesk_mcp.store import Sealer, Store, StoredAccounts, StoredTokens
from flodesk_mcp.store.models import AccountRow
from flodesk_mcp.web.settings import HostedSettings

from .calls import JSON, Hosted, ReplaceCredential, account_of
from .deployment import Deployment, deployed


@pytest.fixture
def anyio_backend() -> str:
    """The database works in threads, which virtual time would overtake."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sqlite_tables: Path) -> None:
    for name in HostedSettings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    monkeypatch.setenv("FLODESK_DATABASE_URL", new_file(tmp_path, sqlite_tables))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """Undo what a server did to logging when a test's body ends."""
    before = [(logger, logger.level, list(logger.handlers)) for logger in _loggers()]
    try:
        yield
    finally:
        for logger in _loggers():
            logger.setLevel(logging.NOTSET)
            logger.handlers.clear()
        for logger, level, handlers in before:
            logger.setLevel(level)
            logger.handlers[:] = handlers


def _loggers() -> list[logging.Logger]:
    return [logging.getLogger(), *(logging.getLogger(name) for name in list(logging.root.manager.loggerDict))]


@pytest.fixture
def flodesk() -> Sandbox:
    return Sandbox(accounts={f"key-{person}": account_of(person) for person in ("ann", "ben")})


@pytest.fixture
def hosted(flodesk: Sandbox) -> Hosted:
    """Run an application for some settings, and return a client for it."""

    @asynccontextmanager
    async def run(
        documents: httpx2.AsyncBaseTransport | None = None, **settings: Any
    ) -> AsyncIterator[httpx2.AsyncClient]:
        app = create_app(load_settings(HostedSettings, **settings), flodesk.transport(), documents)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:8000", headers=JSON
            ) as client,
        ):
            yield client

    return run


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("deployment")) as running:
        yield running


@pytest.fixture
def encryption_key(monkeypatch: pytest.MonkeyPatch) -> str:
    key = Fernet.generate_key().decode()
    monkeypatch.setenv("FLODESK_ENCRYPTION_KEYS", key)
    return key


@pytest.fixture
async def state(encryption_key: str) -> AsyncIterator[tuple[StoredAccounts, StoredTokens]]:
    """The stored accounts and tokens of the server under test: those of Ann and Ben."""
    settings = load_settings(HostedSettings)
    async with Store(settings.database_address, settings.encryption_keys) as store:
        for person in ("ann", "ben"):
            await store.accounts.add(person, "api_key", f"key-{person}")
        yield store.accounts, store.tokens


@pytest.fixture
def replace_credential(state: tuple[StoredAccounts, StoredTokens], encryption_key: str) -> ReplaceCredential:
    """Replace the API key of a stored account, as a login that is refreshed does."""
    sealer, database = Sealer(SecretStr(encryption_key)), state[0]._database

    async def replace(name: str, key: str) -> None:
        async with database.writing() as session:
            row = (await session.execute(select(AccountRow).where(AccountRow.name == name))).scalar_one()
            row.sealed_credential = sealer.seal(row.id, "api_key", key)

    return replace
