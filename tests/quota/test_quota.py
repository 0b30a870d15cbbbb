"""Many calls at once against a sandbox that counts what arrives in any 60 seconds."""

from random import Random

import anyio
import pytest

from flodesk_mcp.flodesk import ApiKey, BearerToken, FlodeskClient, QuotaExhausted, open_http, wait_deadline
from flodesk_mcp.quota import WindowQuota
from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, Sandbox, sample_account

from .crowd import HOUR, SlowNetwork, at_once, client_of, listings, most_in_a_minute, statuses

pytestmark = pytest.mark.anyio


async def test_350_calls_use_the_quota_in_order_and_never_exceed_it() -> None:
    sandbox = Sandbox()
    network = SlowNetwork(sandbox.transport(), lambda: 0.05)
    flodesk = FlodeskClient(BearerToken(SANDBOX_ACCESS_TOKEN), http=open_http(network), max_wait_seconds=HOUR)
    began = anyio.current_time()
    assert await at_once(listings(flodesk, 350)) == []
    assert network.left == [f"page={page}&per_page=20" for page in range(1, 351)]
    assert statuses(sandbox) == {200}
    assert most_in_a_minute(sandbox.requests) == 100
    # 350 requests fill three whole minutes and start a fourth.
    assert sandbox.requests[-1].at - began <= 3 * 60 / 0.97
    assert network.most_under_way == 10


@pytest.mark.parametrize("seed", range(5))
async def test_a_network_of_varying_speed_never_brings_too_many_into_a_minute(seed: int) -> None:
    sandbox, random = Sandbox(requests_per_minute=10_000), Random(seed)
    network = SlowNetwork(sandbox.transport(), lambda: random.choice((0.0, 0.1, random.uniform(0, 12))))
    flodesk = FlodeskClient(BearerToken(SANDBOX_ACCESS_TOKEN), http=open_http(network), max_wait_seconds=HOUR)
    assert await at_once(listings(flodesk, 350)) == []
    assert len(sandbox.requests) == 350
    assert most_in_a_minute(sandbox.requests) <= 100


@pytest.mark.parametrize("limit", [1, 2, 7])
async def test_a_quota_below_ten_holds(limit: int) -> None:
    sandbox = Sandbox(requests_per_minute=limit)
    assert await at_once(listings(client_of(sandbox, quota=WindowQuota(limit)), 3 * limit)) == []
    assert statuses(sandbox) == {200}
    assert most_in_a_minute(sandbox.requests) == limit
    assert sandbox.requests[-1].at <= 2 * 60 / 0.97


def test_a_quota_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        WindowQuota(0)
    with pytest.raises(ValueError, match="at least one"):
        WindowQuota(100, -1)


async def test_a_call_that_would_wait_too_long_fails_at_once_and_names_the_seconds() -> None:
    sandbox = Sandbox()
    flodesk = client_of(sandbox, max_wait=20)
    assert await at_once(listings(flodesk, 100)) == []
    await anyio.sleep(30)
    began = anyio.current_time()
    with pytest.raises(QuotaExhausted, match="try again in 31 s") as refused:
        await flodesk.segments.list()
    assert anyio.current_time() == began
    assert refused.value.retry_after == pytest.approx(30.5)
    await anyio.sleep(refused.value.retry_after)
    await flodesk.segments.list()
    assert len(sandbox.requests) == 101


async def test_of_more_calls_than_fit_in_their_wait_the_last_fail_at_once() -> None:
    sandbox = Sandbox()
    flodesk = client_of(sandbox, max_wait=61)
    began = anyio.current_time()
    failed_at: list[float] = []

    async def call(page: int) -> None:
        try:
            await flodesk.segments.list(page=page)
        except QuotaExhausted:
            failed_at.append(anyio.current_time())

    async with anyio.create_task_group() as tasks:
        for page in range(1, 231):
            tasks.start_soon(call, page)
    assert failed_at == [began] * 30
    assert [int(request.query["page"]) for request in sandbox.requests] == list(range(1, 201))


async def test_a_wait_of_nothing_works_while_there_is_quota() -> None:
    sandbox = Sandbox(requests_per_minute=3)
    flodesk = client_of(sandbox, max_wait=0, quota=WindowQuota(3))
    for _ in range(3):
        await flodesk.segments.list()
    with pytest.raises(QuotaExhausted):
        await flodesk.segments.list()
    await anyio.sleep(61)
    await flodesk.segments.list()


async def test_a_second_request_of_a_call_may_leave_after_its_deadline_if_it_need_not_wait() -> None:
    sandbox = Sandbox()
    with wait_deadline(1):
        await anyio.sleep(5)
        await client_of(sandbox).segments.list()
    assert statuses(sandbox) == {200}


async def test_two_credentials_do_not_share_a_quota() -> None:
    sandbox = Sandbox({"one": sample_account(), "two": sample_account()})
    http = open_http(sandbox.transport())
    one, two = (FlodeskClient(ApiKey(key), http=http, max_wait_seconds=0) for key in ("one", "two"))
    for _ in range(100):
        await one.segments.list()
    with pytest.raises(QuotaExhausted):
        await one.segments.list()
    await two.segments.list()
