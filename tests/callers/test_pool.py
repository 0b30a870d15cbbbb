"""The clients of all accounts, on virtual time."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import httpx2
import pytest

from flodesk_mcp.callers.pool import IDLE_SECONDS, ClientPool
from flodesk_mcp.flodesk import ApiKey, BearerToken, Credential, FlodeskClient, open_http

Backend = tuple[str, dict[str, Callable[[], Any]]]

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend(virtual_time: Backend) -> Backend:
    return virtual_time


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with open_http() as client:
        yield client


@pytest.fixture
def pool(http: httpx2.AsyncClient) -> ClientPool:
    def open_client(credential: Credential) -> FlodeskClient:
        return FlodeskClient(credential, http=http)

    return ClientPool(open_client, most=3)


async def test_a_credential_has_one_client_and_shares_it_with_no_other(pool: ClientPool) -> None:
    first = pool.client(ApiKey("one"))
    assert pool.client(ApiKey("one")) is first
    assert pool.client(ApiKey("two")) is not first
    assert pool.client(BearerToken("one")) is not first


async def test_no_more_are_remembered_than_fit_and_the_longest_unused_goes_first(pool: ClientPool) -> None:
    clients = [pool.client(ApiKey(name)) for name in ("one", "two", "three")]
    assert pool.client(ApiKey("one")) is clients[0]
    pool.client(ApiKey("four"))
    assert len(pool) == 3
    assert pool.client(ApiKey("one")) is clients[0]
    assert pool.client(ApiKey("two")) is not clients[1]


async def test_an_idle_client_is_forgotten(pool: ClientPool) -> None:
    idle = pool.client(ApiKey("one"))
    await anyio.sleep(IDLE_SECONDS - 1)
    assert pool.client(ApiKey("one")) is idle
    await anyio.sleep(IDLE_SECONDS)
    pool.client(ApiKey("two"))
    assert len(pool) == 1
    assert pool.client(ApiKey("one")) is not idle
