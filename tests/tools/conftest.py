"""An agent that is connected to a server on a sandbox, in each protocol era."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from flodesk_mcp.sandbox import SANDBOX_API_KEY, Account, Sandbox

from .agent import ERAS, Agent, connected


@pytest.fixture(autouse=True)
def _no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("FLODESK_")]:
        monkeypatch.delenv(name)


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    """The protocol era that a client speaks."""
    chosen: str = request.param
    return chosen


@pytest.fixture
def sandbox() -> Sandbox:
    """An embedded Flodesk on a fixed date."""
    return Sandbox(now=lambda: datetime(2026, 9, 15, 10, 30, 0, 5, tzinfo=UTC))


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    """What that Flodesk holds."""
    return sandbox.accounts[SANDBOX_API_KEY]


@pytest.fixture
async def agent(era: str, sandbox: Sandbox) -> AsyncIterator[Agent]:
    """An agent with the sandbox's API key."""
    async with connected(era, sandbox) as agent:
        yield agent
