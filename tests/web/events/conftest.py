"""A Flodesk with two accounts, and what a server stores of them."""

from collections.abc import AsyncIterator

import pytest
from cryptography.fernet import Fernet

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.settings import load_settings
from flodesk_mcp.store import Store
from flodesk_mcp.web.settings import HostedSettings

from .hooks import account_with_people


@pytest.fixture
def flodesk() -> Sandbox:
    return Sandbox(accounts={f"key-{person}": account_with_people() for person in ("ann", "ben")})


@pytest.fixture
async def store(monkeypatch: pytest.MonkeyPatch, database_url: str) -> AsyncIterator[Store]:
    """What the server under test stores, in either kind of database: the accounts of Ann and Ben."""
    monkeypatch.setenv("FLODESK_DATABASE_URL", database_url)
    monkeypatch.setenv("FLODESK_ENCRYPTION_KEYS", Fernet.generate_key().decode())
    settings = load_settings(HostedSettings)
    async with Store(settings.database_address, settings.encryption_keys) as opened:
        for person in ("ann", "ben"):
            await opened.accounts.add(person, "api_key", f"key-{person}")
        yield opened
