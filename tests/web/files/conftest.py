"""A server with tokens for Ann's account and Ben's, and what time does to links and files."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import func, select, update

from flodesk_mcp.settings import load_settings
from flodesk_mcp.store import Database, StoredAccounts, StoredTokens, TokenLimits
from flodesk_mcp.store.models import FileLinkRow, UploadPartRow, UploadRow
from flodesk_mcp.web.files import links
from flodesk_mcp.web.settings import HostedSettings

from ..calls import Hosted
from .visitor import Caller

PassTime = Callable[[int], Awaitable[None]]
Kept = Callable[[], Awaitable[tuple[int, int]]]

TIMES = ((FileLinkRow, ("expires_at", "used_at")), (UploadRow, ("sent_at", "kept_until")))


@pytest.fixture
async def callers(
    hosted: Hosted, state: tuple[StoredAccounts, StoredTokens]
) -> AsyncIterator[Callable[[str], Awaitable[Caller]]]:
    """Make callers, each with a token of its own, of one server that stores its state."""
    made = 0
    async with hosted(auth="tokens", toolsets="all", confirm="never") as server:

        async def caller(account: str) -> Caller:
            nonlocal made
            made += 1
            token = await state[1].create(f"{account} {made}", account, TokenLimits())
            return Caller(server, {"Authorization": f"Bearer {token}"})

        yield caller


@pytest.fixture
async def ann(callers: Callable[[str], Awaitable[Caller]]) -> Caller:
    return await callers("ann")


@pytest.fixture
def server(ann: Caller) -> httpx2.AsyncClient:
    return ann.client


@pytest.fixture
def pass_time() -> PassTime:
    """Let seconds pass for all links and files."""

    async def pass_time(seconds: int) -> None:
        database = Database(load_settings(HostedSettings).database_address)
        async with database.writing() as session:
            for table, names in TIMES:
                await session.execute(update(table).values({name: getattr(table, name) - seconds for name in names}))
        await database.aclose()

    return pass_time


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """Tell how many files are known, and of how many there are bytes."""

    async def kept() -> tuple[int, int]:
        database = Database(load_settings(HostedSettings).database_address)
        async with database.reading() as session:
            known = (await session.execute(select(func.count()).select_from(UploadRow))).scalar_one()
            parts = select(func.count(UploadPartRow.upload.distinct()))
            there = (await session.execute(parts)).scalar_one()
        await database.aclose()
        return known, there + len(list(tmp_path.glob("*-uploads/*")))

    return kept


@pytest.fixture
def often_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is over be deleted many times a second."""
    monkeypatch.setattr(links, "SWEPT_EVERY_SECONDS", 0.02)


@pytest.fixture
def on_postgresql(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the state be in a PostgreSQL."""
    monkeypatch.setenv("FLODESK_DATABASE_URL", postgresql_url)
