"""Many calls at once against a sandbox that counts what arrives in any 60 seconds."""

from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from random import Random
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import pytest

from flodesk_mcp.flodesk import (
    AccessToken,
    ApiKey,
    FlodeskClient,
    FlodeskError,
    NoAnswer,
    Quota,
    QuotaExhausted,
    call_budget,
    open_http,
)
from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, Fault, RecordedRequest, Sandbox, sample_account

pytestmark = pytest.mark.anyio

HOUR = 3600.0
Call = Callable[[], Coroutine[Any, Any, object]]


class SlowNetwork(httpx2.AsyncBaseTransport):
    """Delays what it carries, each way; knows the order of what left, and how much was under way at once."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, seconds: Callable[[], float]) -> None:
        self._inner = inner
        self._seconds = seconds
        self._under_way = 0
        self.most_under_way = 0
        self.left: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.left.append(request.url.query.decode())
        self._under_way += 1
        self.most_under_way = max(self.most_under_way, self._under_way)
        try:
            await anyio.sleep(self._seconds())
            answer = await self._inner.handle_async_request(request)
            await anyio.sleep(self._seconds())
            return answer
        finally:
            self._under_way -= 1


def most_in_a_minute(requests: Iterable[RecordedRequest]) -> int:
    times = [request.at for request in requests]
    return max(sum(start <= at < start + 60 for at in times) for start in times)


def client_of(sandbox: Sandbox, *, max_wait: float = HOUR, quota: Quota | None = None) -> FlodeskClient:
    return FlodeskClient(
        AccessToken(SANDBOX_ACCESS_TOKEN), http=open_http(sandbox.transport()), max_wait_seconds=max_wait, quota=quota
    )


async def at_once(calls: Iterable[Call]) -> list[FlodeskError]:
    """Make all calls at once, and return the errors in the order in which they came."""
    errors: list[FlodeskError] = []

    async def make(call: Call) -> None:
        try:
            await call()
        except FlodeskError as error:
            errors.append(error)

    async with anyio.create_task_group() as tasks:
        for call in calls:
            tasks.start_soon(make, call)
    return errors


def listings(flodesk: FlodeskClient, number: int) -> list[Call]:
    return [partial(flodesk.list_segments, page=page) for page in range(1, number + 1)]


def statuses(sandbox: Sandbox) -> set[int | None]:
    return {request.status for request in sandbox.requests}


async def test_350_calls_use_the_quota_in_order_and_never_exceed_it() -> None:
    sandbox = Sandbox()
    network = SlowNetwork(sandbox.transport(), lambda: 0.05)
    flodesk = FlodeskClient(AccessToken(SANDBOX_ACCESS_TOKEN), http=open_http(network), max_wait_seconds=HOUR)
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
    flodesk = FlodeskClient(AccessToken(SANDBOX_ACCESS_TOKEN), http=open_http(network), max_wait_seconds=HOUR)
    assert await at_once(listings(flodesk, 350)) == []
    assert len(sandbox.requests) == 350
    assert most_in_a_minute(sandbox.requests) <= 100


@pytest.mark.parametrize("limit", [1, 2, 7])
async def test_a_quota_below_ten_holds(limit: int) -> None:
    sandbox = Sandbox(requests_per_minute=limit)
    assert await at_once(listings(client_of(sandbox, quota=Quota(limit)), 3 * limit)) == []
    assert statuses(sandbox) == {200}
    assert most_in_a_minute(sandbox.requests) == limit
    assert sandbox.requests[-1].at <= 2 * 60 / 0.97


def test_a_quota_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Quota(0)
    with pytest.raises(ValueError, match="at least one"):
        Quota(100, -1)


async def test_a_call_that_would_wait_too_long_fails_at_once_and_names_the_seconds() -> None:
    sandbox = Sandbox()
    flodesk = client_of(sandbox, max_wait=20)
    assert await at_once(listings(flodesk, 100)) == []
    await anyio.sleep(30)
    began = anyio.current_time()
    with pytest.raises(QuotaExhausted, match="try again in 31 s") as refused:
        await flodesk.list_segments()
    assert anyio.current_time() == began
    assert refused.value.retry_after == pytest.approx(30.5)
    await anyio.sleep(refused.value.retry_after)
    await flodesk.list_segments()
    assert len(sandbox.requests) == 101


async def test_of_more_calls_than_fit_in_their_wait_the_last_fail_at_once() -> None:
    sandbox = Sandbox()
    flodesk = client_of(sandbox, max_wait=61)
    began = anyio.current_time()
    failed_at: list[float] = []

    async def call(page: int) -> None:
        try:
            await flodesk.list_segments(page=page)
        except QuotaExhausted:
            failed_at.append(anyio.current_time())

    async with anyio.create_task_group() as tasks:
        for page in range(1, 231):
            tasks.start_soon(call, page)
    assert failed_at == [began] * 30
    assert [int(request.query["page"]) for request in sandbox.requests] == list(range(1, 201))


async def test_a_wait_of_nothing_works_while_there_is_quota() -> None:
    sandbox = Sandbox(requests_per_minute=3)
    flodesk = client_of(sandbox, max_wait=0, quota=Quota(3))
    for _ in range(3):
        await flodesk.list_segments()
    with pytest.raises(QuotaExhausted):
        await flodesk.list_segments()
    await anyio.sleep(61)
    await flodesk.list_segments()


async def test_a_second_request_of_a_call_may_leave_after_its_deadline_if_it_need_not_wait() -> None:
    sandbox = Sandbox()
    with call_budget(1):
        await anyio.sleep(5)
        await client_of(sandbox).list_segments()
    assert statuses(sandbox) == {200}


async def test_a_cancelled_waiting_call_costs_nothing_and_the_next_moves_up() -> None:
    sandbox = Sandbox(requests_per_minute=2)
    flodesk = client_of(sandbox, quota=Quota(2))
    assert await at_once(listings(flodesk, 2)) == []
    async with anyio.create_task_group() as tasks:

        async def cancelled(page: int) -> None:
            with anyio.move_on_after(10):
                await flodesk.list_segments(page=page)

        tasks.start_soon(cancelled, 11)
        tasks.start_soon(cancelled, 12)
        await anyio.sleep(1)
        for page in (13, 14, 15):
            tasks.start_soon(partial(flodesk.list_segments, page=page))
    assert [request.query["page"] for request in sandbox.requests] == ["1", "2", "13", "14", "15"]
    assert [request.at for request in sandbox.requests] == pytest.approx([0, 0, 60.5, 60.5, 121])


async def test_a_request_cancelled_under_way_counts() -> None:
    sandbox = Sandbox(requests_per_minute=1)
    sandbox.fail(Fault("hang"))
    flodesk = client_of(sandbox, max_wait=0, quota=Quota(1))
    with anyio.move_on_after(5):
        await flodesk.list_segments()
    with pytest.raises(QuotaExhausted) as refused:
        await flodesk.list_segments()
    assert refused.value.retry_after == pytest.approx(60.5)


async def test_refused_connections_cost_nothing() -> None:
    sandbox = Sandbox()
    sandbox.fail(Fault("refuse", times=5))
    flodesk = client_of(sandbox, max_wait=0, quota=Quota(2))
    for _ in range(5):
        with pytest.raises(NoAnswer) as failed:
            await flodesk.list_segments()
        assert not failed.value.sent
    await flodesk.list_segments()
    await flodesk.list_segments()
    with pytest.raises(QuotaExhausted):
        await flodesk.list_segments()


async def test_a_foreign_spender_seen_in_the_header_slows_us_down() -> None:
    sandbox = Sandbox()
    flodesk = client_of(sandbox)
    sandbox.spend(SANDBOX_ACCESS_TOKEN, 60)
    await flodesk.list_segments()
    assert await at_once(listings(flodesk, 120)) == []
    assert statuses(sandbox) == {200}
    assert sum(request.at < 60 for request in sandbox.requests) == 40


async def test_a_foreign_spender_in_the_middle_is_seen_too() -> None:
    sandbox = Sandbox()
    flodesk = client_of(sandbox)
    for _ in range(30):
        await flodesk.list_segments()
        await anyio.sleep(1)
    sandbox.spend(SANDBOX_ACCESS_TOKEN, 50)
    await flodesk.list_segments()
    assert await at_once(listings(flodesk, 60)) == []
    assert statuses(sandbox) == {200}


async def test_after_a_foreign_spender_has_stopped_the_whole_quota_is_ours_again() -> None:
    sandbox = Sandbox()
    flodesk = client_of(sandbox)
    sandbox.spend(SANDBOX_ACCESS_TOKEN, 99)
    await flodesk.list_segments()
    await anyio.sleep(61)
    assert await at_once(listings(flodesk, 100)) == []
    assert sandbox.requests[-1].at < 62


async def test_a_spender_that_takes_everything_is_waited_out_in_order() -> None:
    sandbox = Sandbox()
    flodesk = client_of(sandbox)
    sandbox.spend(SANDBOX_ACCESS_TOKEN, 100)
    assert await at_once(listings(flodesk, 30)) == []
    answered = [int(request.query["page"]) for request in sandbox.requests if request.status == 200]
    assert answered == list(range(1, 31))
    assert sum(request.status == 429 for request in sandbox.requests) == 10


async def test_a_429_shows_at_once_that_the_wait_is_too_long() -> None:
    sandbox = Sandbox()
    sandbox.spend(SANDBOX_ACCESS_TOKEN, 100)
    with pytest.raises(QuotaExhausted) as refused:
        await client_of(sandbox, max_wait=20).list_segments()
    assert anyio.current_time() == 0
    assert refused.value.retry_after == pytest.approx(60.5)
    assert len(sandbox.requests) == 1


async def test_a_limit_below_the_configured_one_is_believed() -> None:
    sandbox = Sandbox(requests_per_minute=30)
    flodesk = client_of(sandbox)
    await flodesk.list_segments()
    assert await at_once(listings(flodesk, 89)) == []
    assert statuses(sandbox) == {200}
    assert most_in_a_minute(sandbox.requests) == 30


async def test_a_limit_above_the_configured_one_changes_nothing() -> None:
    sandbox = Sandbox(requests_per_minute=1000)
    assert await at_once(listings(client_of(sandbox, quota=Quota(40)), 100)) == []
    assert most_in_a_minute(sandbox.requests) == 40


async def test_batches_have_a_window_of_their_own_and_count_in_the_other_too() -> None:
    sandbox = Sandbox()
    flodesk = client_of(sandbox)
    batches = [lambda: flodesk.create_or_update_subscribers([{"email": "a@example.com"}])] * 45
    assert await at_once([*batches, *listings(flodesk, 90)]) == []
    assert statuses(sandbox) == {200}
    assert most_in_a_minute(sandbox.requests) == 100
    assert most_in_a_minute(request for request in sandbox.requests if request.method == "POST") == 20
    # 25 batches wait for their window, and hold up none of the 80 others that fit.
    assert sum(request.method == "GET" and request.at < 60 for request in sandbox.requests) == 80


async def test_a_batch_that_would_wait_too_long_in_either_window_fails_at_once() -> None:
    sandbox = Sandbox()
    flodesk = client_of(sandbox, max_wait=61)
    rows = [{"email": "a@example.com"}]
    await anyio.sleep(5)
    assert await at_once([lambda: flodesk.create_or_update_subscribers(rows)] * 20) == []
    assert await at_once(listings(flodesk, 80)) == []
    async with anyio.create_task_group() as tasks:
        for call in listings(flodesk, 100):
            tasks.start_soon(call)
        await anyio.sleep(1)
        with pytest.raises(QuotaExhausted) as refused:
            await flodesk.create_or_update_subscribers(rows)
    assert refused.value.retry_after == pytest.approx(120)


async def test_retry_after_closes_the_window_for_all_calls_of_the_credential() -> None:
    sandbox = Sandbox()
    sandbox.fail(Fault("status", status=429, retry_after=12))
    flodesk = client_of(sandbox)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(flodesk.list_segments)
        await anyio.sleep(1)
        tasks.start_soon(flodesk.list_webhooks)
    assert [(request.path, request.at) for request in sandbox.requests] == [
        ("/v1/segments", 0),
        ("/v1/segments", 12),
        ("/v1/webhooks", 12),
    ]


async def test_those_who_wait_fail_at_once_when_the_window_closes_for_longer() -> None:
    sandbox = Sandbox(requests_per_minute=1000)
    quota = Quota(2)
    patient, hasty = client_of(sandbox, quota=quota), client_of(sandbox, quota=quota, max_wait=65)
    sandbox.fail(Fault("hang", path="webhooks"))
    failed_at: list[float] = []

    async def fail() -> None:
        with pytest.raises(QuotaExhausted):
            await hasty.list_segments()
        failed_at.append(anyio.current_time())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(patient.list_segments)
        tasks.start_soon(patient.list_segments)
        await anyio.sleep(1)
        tasks.start_soon(patient.list_segments)
        tasks.start_soon(fail)
        await anyio.sleep(9)
        quota.close_for(500)
    assert failed_at == [10]


async def test_a_call_in_the_queue_fails_at_its_deadline_and_not_later() -> None:
    sandbox = Sandbox(requests_per_minute=1000)
    sandbox.fail(Fault("hang", times=2))
    quota = Quota(2)
    patient, hasty = client_of(sandbox, quota=quota), client_of(sandbox, quota=quota, max_wait=70)
    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(patient.list_segments)
        await anyio.sleep(1)
        # The two that hang hold their slots longer than could be foreseen.
        with pytest.raises(QuotaExhausted):
            await hasty.list_segments()
        assert anyio.current_time() <= 71


async def test_an_eleventh_request_at_once_waits_no_longer_than_it_may() -> None:
    sandbox = Sandbox()
    sandbox.fail(Fault("hang", times=10))
    quota = Quota()
    patient, hasty = client_of(sandbox, quota=quota), client_of(sandbox, quota=quota, max_wait=7)
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(at_once, [patient.list_segments])
        await anyio.sleep(1)
        with pytest.raises(QuotaExhausted):
            await hasty.list_webhooks()
        assert anyio.current_time() == 8
        assert len(sandbox.requests) == 10
        tasks.cancel_scope.cancel()
    await hasty.list_webhooks()


async def test_two_credentials_do_not_share_a_quota() -> None:
    sandbox = Sandbox({"one": sample_account(), "two": sample_account()})
    http = open_http(sandbox.transport())
    one, two = (FlodeskClient(ApiKey(key), http=http, max_wait_seconds=0) for key in ("one", "two"))
    for _ in range(100):
        await one.list_segments()
    with pytest.raises(QuotaExhausted):
        await one.list_segments()
    await two.list_segments()


async def test_a_repeat_keeps_the_place_of_its_call() -> None:
    sandbox = Sandbox(requests_per_minute=2)
    flodesk = client_of(sandbox, quota=Quota(2))
    sandbox.fail(Fault("status", status=503, path="webhooks"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(flodesk.list_webhooks)
        await anyio.lowlevel.checkpoint()
        for call in listings(flodesk, 4):
            tasks.start_soon(call)
    assert [request.query["page"] for request in sandbox.requests] == ["1", "1", "1", "2", "3", "4"]
    assert [request.path for request in sandbox.requests].index("/v1/webhooks", 1) == 2
