"""The whole list of a sandbox's account, in memory, at a time of the test's own."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.storage import LocalStorage
from flodesk_mcp.flodesk import ApiKey, FlodeskClient, open_http
from flodesk_mcp.sandbox import SANDBOX_API_KEY, Account, Sandbox

NOW = datetime(2026, 9, 15, 10, 30, tzinfo=UTC)


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(requests_per_minute=10_000)


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.accounts[SANDBOX_API_KEY]


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now.timestamp()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def audience(sandbox: Sandbox, clock: Clock) -> AsyncIterator[Audience]:
    async with open_http(sandbox.transport()) as http:
        audience = Audience(FlodeskClient(ApiKey(SANDBOX_API_KEY), http=http), LocalStorage(None, "test"), clock)
        yield audience
        await audience.aclose()
