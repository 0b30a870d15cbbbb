"""A sandbox on a fixed calendar date, and a client that talks to it with the API key."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest

from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, SANDBOX_API_KEY, Account, Sandbox

BASE_URL = "https://api.flodesk.com/v1"


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(now=lambda: datetime(2026, 9, 15, 10, 30, 0, 5, tzinfo=UTC))


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.accounts[SANDBOX_API_KEY]


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with the API key."""
    async with httpx2.AsyncClient(
        transport=sandbox.transport(), base_url=BASE_URL, auth=(SANDBOX_API_KEY, "")
    ) as client:
        yield client


@pytest.fixture
async def stranger(sandbox: Sandbox) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without any credential."""
    async with httpx2.AsyncClient(transport=sandbox.transport(), base_url=BASE_URL) as client:
        yield client


@pytest.fixture
async def partner(sandbox: Sandbox) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with the access token."""
    async with httpx2.AsyncClient(
        transport=sandbox.transport(),
        base_url=BASE_URL,
        headers={"Authorization": f"Bearer {SANDBOX_ACCESS_TOKEN}"},
    ) as client:
        yield client
