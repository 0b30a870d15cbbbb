"""A client of the sandbox, on virtual time. The token is used, because every operation answers to it."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from flodesk_mcp.flodesk import BearerToken, FlodeskClient, open_http
from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, Account, Sandbox

from .operations import DRAFT


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    account = sandbox.accounts[SANDBOX_ACCESS_TOKEN]
    account.campaigns[DRAFT].design_id = "design1"
    return account


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_http(sandbox.transport()) as http:
        yield http


@pytest.fixture
def flodesk(http: httpx2.AsyncClient) -> FlodeskClient:
    return FlodeskClient(BearerToken(SANDBOX_ACCESS_TOKEN), http=http)
