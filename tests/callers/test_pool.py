"""The clients of all accounts, on virtual time."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import httpx2
import pytest

from flodesk_mcp.callers.pool import IDLE_SECONDS, MINUTE, ClientPool
from flodesk_mcp.flodesk import ApiKey, BearerToken, Credential, FlodeskClient, open_http
from flodesk_mcp.sandbox import Account, Sandbox

Backend = tuple[str, dict[str, Callable[[], Any]]]

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend(virtual_time: Backend) -> Backend:
    return virtual_time


class Flodesk(httpx2.AsyncBaseTransport):
    """It has no segments, and says so after some seconds."""

    seconds = 0.0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await anyio.sleep(self.seconds)
        meta = {"page": 1, "per_page": 20, "total_items": 0, "total_pages": 0}
        return httpx2.Response(200, json={"data": [], "meta": meta})


@pytest.fixture
def flodesk() -> Flodesk:
    return Flodesk()


@pytest.fixture
async def pool(flodesk: Flodesk) -> AsyncIterator[ClientPool]:
    async with open_http(flodesk) as http:

        def open_client(identity: str, credential: Credential) -> FlodeskClient:
            return FlodeskClient(credential, identity=identity, http=http, timeout_seconds=3600)

        yield ClientPool(open_client, quota=100, most=3)


KEY = ApiKey("key")


async def test_an_account_has_one_client_and_shares_it_with_no_other(pool: ClientPool) -> None:
    first = pool.client("one", KEY)
    assert pool.client("one", KEY) is first
    assert pool.client("two", KEY) is not first


async def test_a_replaced_credential_keeps_the_client(pool: ClientPool) -> None:
    first = pool.client("one", KEY)
    replaced = BearerToken("token")
    assert pool.client("one", replaced) is first
    assert first.credential is replaced


async def test_a_credential_that_is_replaced_within_a_minute_spends_the_same_quota() -> None:
    account = Account()
    sandbox = Sandbox(accounts={"before": account, "after": account}, requests_per_minute=1000)
    async with open_http(sandbox.transport()) as http, anyio.create_task_group() as group:
        pool = ClientPool(
            lambda identity, key: FlodeskClient(key, identity=identity, http=http, max_wait_seconds=600), quota=100
        )
        for key in ("before", "after", "before"):
            for _ in range(70):
                group.start_soon(pool.client("account", ApiKey(key)).segments.list)
            await anyio.sleep(20)
    times = [request.at for request in sandbox.requests]
    assert {request.credential for request in sandbox.requests} == {"before", "after"}
    assert len(times) == 210
    assert max(sum(start <= at < start + 60 for at in times) for start in times) <= 100


async def test_no_more_are_remembered_than_fit_and_the_longest_unused_goes_first(pool: ClientPool) -> None:
    clients = [pool.client(name, KEY) for name in ("one", "two", "three")]
    await anyio.sleep(MINUTE)
    assert pool.client("one", KEY) is clients[0]
    pool.client("four", KEY)
    assert len(pool) == 3
    assert pool.client("one", KEY) is clients[0]
    assert pool.client("two", KEY) is not clients[1]


async def test_a_client_whose_minute_is_not_over_stays_however_many_come(pool: ClientPool) -> None:
    busy = pool.client("busy", KEY)
    await anyio.sleep(MINUTE - 10)
    await busy.segments.list()
    for number in range(50):
        pool.client(f"other {number}", KEY)
    await anyio.sleep(MINUTE - 10)
    pool.client("one more", KEY)
    assert pool.client("busy", KEY) is busy


async def test_a_client_with_a_request_under_way_stays_however_many_come(pool: ClientPool, flodesk: Flodesk) -> None:
    flodesk.seconds = 10 * MINUTE
    busy = pool.client("busy", KEY)
    async with anyio.create_task_group() as group:
        group.start_soon(busy.segments.list)
        await anyio.sleep(5 * MINUTE)
        for number in range(50):
            pool.client(f"other {number}", KEY)
        assert pool.client("busy", KEY) is busy
        group.cancel_scope.cancel()


async def test_an_idle_client_is_forgotten(pool: ClientPool) -> None:
    idle = pool.client("one", KEY)
    await anyio.sleep(IDLE_SECONDS - 1)
    assert pool.client("one", KEY) is idle
    await anyio.sleep(IDLE_SECONDS)
    pool.client("two", KEY)
    assert len(pool) == 1
    assert pool.client("one", KEY) is not idle
