"""A database that an earlier version wrote opens, and means the same."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from flodesk_mcp.store import Store, TokenLimits

pytestmark = pytest.mark.anyio

WRITTEN = Path(__file__).with_name("existing_state.sql")
KEY = "Zmxvd2Vycy1hcmUtc2VudC1ieS10aGUtZmxvcmlzdCE="
CI = "fmcp_b0333c8358f0af4c_UmJPZJL6DUGv-SF_A6sbULsu-Dyk8b8HAifaMLtkrcU"
OWN = "fmcp_061911e750c7ac45_NUi95g2v37E_Q0ZDc37WzjYKm0amSy4R2IDkV172c4Q"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    path = tmp_path / "state.sqlite3"
    connection = sqlite3.connect(path)
    connection.executescript(WRITTEN.read_text(encoding="utf-8"))
    connection.close()
    async with Store(f"sqlite:///{path}", SecretStr(KEY)) as opened:
        yield opened


async def test_its_credentials_open(store: Store) -> None:
    await store.accounts.check()
    for name, kind, secret in (
        ("studio", "api_key", "key-of-the-studio"),
        ("shop", "access_token", "token-of-the-shop"),
    ):
        opened = (await store.accounts.account(name)).credential
        assert (opened.kind, opened.secret.get_secret_value()) == (kind, secret)


async def test_its_people_get_to_their_account(store: Store) -> None:
    found = await store.subjects.account_of("https://login.example.com", "person-1")
    assert found is not None
    assert (found.id, found.name) == ("9d8f5eb2b9af4ba18948e2318a9a2ebc", "studio")


async def test_its_tokens_open_what_they_did(store: Store) -> None:
    ci, own = await store.tokens.find(CI), await store.tokens.find(OWN)
    assert ci is not None
    assert own is not None
    assert ci.account is not None
    assert (ci.account.name, ci.limits) == ("studio", TokenLimits(read_only=True, toolsets="segments"))
    assert (own.account, own.limits) == (None, TokenLimits())
