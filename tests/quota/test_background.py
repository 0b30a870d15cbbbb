"""A job and people on one quota: calls of people come first, and a job that is alone uses all of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import inf
from pathlib import Path
from random import Random
from secrets import token_hex

import anyio
import pytest

from flodesk_mcp.flodesk import BearerToken, FlodeskClient, QuotaExhausted, open_http, wait_deadline
from flodesk_mcp.quota import Quota, WindowQuota
from flodesk_mcp.quota.file import FileQuota
from flodesk_mcp.quota.redis import RedisQuota
from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, Sandbox

from .blocking_memory import BlockingMemory
from .crowd import HOUR, Call, SlowNetwork, at_once, most_in_a_minute, statuses

pytestmark = pytest.mark.anyio

ROWS = [{"email": "a@example.com"}]
HELD_UP = 1.5


@dataclass
class Account:
    """An account of which a job and people make requests, each of them in a process of their own where that can be."""

    open_quota: Callable[..., Quota]
    latency: float = 0.05
    quota: tuple[int, int] = (100, 20)

    def __post_init__(self) -> None:
        self.sandbox = Sandbox(requests_per_minute=self.quota[0], batches_per_minute=self.quota[1])
        self.network = SlowNetwork(self.sandbox.transport(), lambda: self.latency)
        self.job, self.person = self.client(), self.client(max_wait=20)

    def client(self, max_wait: float = HOUR) -> FlodeskClient:
        return FlodeskClient(
            BearerToken(SANDBOX_ACCESS_TOKEN),
            http=open_http(self.network),
            max_wait_seconds=max_wait,
            quota=self.open_quota(*self.quota),
        )

    def job_requests(self) -> int:
        return sum(request.path == "/v1/webhooks" for request in self.sandbox.requests)

    @asynccontextmanager
    async def job_running(self, request: Call | None = None) -> AsyncIterator[None]:
        """Let a job send as much as it may, four requests at a time."""
        request = request or self.job.webhooks.list

        async def send() -> None:
            with wait_deadline(inf, background=True):
                while True:
                    await request()

        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(send)
            yield
            tasks.cancel_scope.cancel()

    async def waits(self, number: int, request: Call | None = None) -> list[float]:
        """Make so many calls of a person at once; return how long each of them waited, in order of arrival."""
        request = request or self.person.segments.list
        began = anyio.current_time()
        waits: list[float] = []

        async def call() -> None:
            await request()
            waits.append(anyio.current_time() - began - 2 * self.latency)

        assert await at_once([call] * number) == []
        assert statuses(self.sandbox) == {200}
        return waits


@pytest.fixture(params=["one process", "a process each", "a replica each"])
def open_quota(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Quota]:
    """Open the quota of the account: the same for all, or by another process, or by another replica."""
    if request.param == "a replica each":
        url, account = request.getfixturevalue("redis_url"), token_hex(8)
        return lambda *limits: RedisQuota(BlockingMemory(url), account, *limits)
    if request.param == "a process each":
        return partial(FileQuota, tmp_path, lambda key: "account")
    quotas: dict[tuple[int, ...], Quota] = {}
    return lambda *limits: quotas.setdefault(limits, WindowQuota(*limits))


@pytest.mark.parametrize("latency", [0.0, 0.05, 0.4])
async def test_a_job_that_is_alone_reaches_97_percent_of_the_quota(
    latency: float, open_quota: Callable[..., Quota]
) -> None:
    account = Account(open_quota, latency)
    async with account.job_running():
        await anyio.sleep(600)
    assert account.job_requests() >= 970
    assert most_in_a_minute(account.sandbox.requests) <= 100
    assert statuses(account.sandbox) == {200}


async def test_a_job_that_is_always_late_reaches_97_percent_of_the_quota(
    open_quota: Callable[..., Quota], monkeypatch: pytest.MonkeyPatch
) -> None:
    late, on_time = Random(1), anyio.move_on_after

    def as_on_a_busy_machine(seconds: float | None, *, shield: bool = False) -> anyio.CancelScope:
        return on_time(seconds and seconds + late.uniform(0.01, 0.05), shield=shield)

    monkeypatch.setattr(anyio, "move_on_after", as_on_a_busy_machine)
    account = Account(open_quota)
    async with account.job_running():
        await anyio.sleep(600)
    assert account.job_requests() >= 970
    assert most_in_a_minute(account.sandbox.requests) <= 100


async def test_a_job_sends_one_request_at_a_time_from_the_beginning(open_quota: Callable[..., Quota]) -> None:
    account = Account(open_quota)
    async with account.job_running():
        await anyio.sleep(30)
    times = [request.at for request in account.sandbox.requests]
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.57  # who noticed late is sooner next time
    assert 48 <= len(times) <= 51


@pytest.mark.parametrize("number", [1, 3])
async def test_a_few_calls_at_any_moment_wait_at_most_a_second_and_a_half_because_of_a_job(
    number: int, open_quota: Callable[..., Quota]
) -> None:
    account = Account(open_quota)
    async with account.job_running():
        for _ in range(12):
            await anyio.sleep(61 + 0.37)
            assert max(await account.waits(number)) <= HELD_UP
    assert most_in_a_minute(account.sandbox.requests) <= 100


async def test_of_many_calls_each_leaves_a_pace_after_the_one_before_and_the_next_time_at_once(
    open_quota: Callable[..., Quota],
) -> None:
    account = Account(open_quota)
    async with account.job_running():
        await anyio.sleep(100)
        first = await account.waits(30)
        assert max(later - earlier for earlier, later in pairwise([0.0, *first])) <= HELD_UP
        assert first[-1] <= 20  # as long as a call may wait by default
        await anyio.sleep(30)
        assert max(await account.waits(30)) <= HELD_UP  # for a minute, a job leaves them as much again
        await anyio.sleep(300)
        before = account.job_requests()
        await anyio.sleep(300)
    assert account.job_requests() - before >= 485  # and then takes all of it
    assert most_in_a_minute(account.sandbox.requests) <= 100


async def test_a_job_sends_nothing_while_people_wait(open_quota: Callable[..., Quota]) -> None:
    account = Account(open_quota)
    person = account.client()
    assert await at_once([person.segments.list] * 100) == []
    async with account.job_running(), anyio.create_task_group() as tasks:
        await anyio.sleep(20)
        tasks.start_soon(partial(at_once, [person.segments.list] * 150))
    paths = [request.path for request in account.sandbox.requests]
    assert paths.count("/v1/segments") == 250
    assert "/v1/webhooks" not in paths


async def test_slow_answers_to_a_job_leave_eight_of_ten_places_to_people(open_quota: Callable[..., Quota]) -> None:
    account = Account(open_quota, latency=10)
    async with account.job_running():
        await anyio.sleep(55)
        assert max(await account.waits(8)) <= 0.1
    assert account.network.most_under_way == 10


async def test_a_job_leaves_nothing_under_way_to_be_waited_for_where_people_are_busy(
    open_quota: Callable[..., Quota],
) -> None:
    account = Account(open_quota, latency=10)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(account.waits, 5)
        await anyio.sleep(1)
        async with account.job_running():
            await anyio.sleep(10)
            assert account.network.most_under_way == 5


async def test_a_batch_of_a_person_waits_no_longer_for_those_of_a_job(open_quota: Callable[..., Quota]) -> None:
    account = Account(open_quota)
    async with account.job_running(partial(account.job.subscribers.save_batch, ROWS)):
        for _ in range(8):
            await anyio.sleep(61 + 0.37)
            assert max(await account.waits(1, partial(account.person.subscribers.save_batch, ROWS))) <= HELD_UP
        before = len(account.sandbox.requests)
        await anyio.sleep(600)
    assert len(account.sandbox.requests) - before >= 0.95 * 200
    assert most_in_a_minute(account.sandbox.requests) <= 20


@pytest.mark.parametrize("limit", [1, 2, 40])
async def test_a_job_gets_on_with_a_small_quota(limit: int, open_quota: Callable[..., Quota]) -> None:
    account = Account(open_quota, quota=(limit, limit))
    async with account.job_running():
        await anyio.sleep(600)
    assert account.job_requests() >= 9 * max(limit - 1, 1)
    assert most_in_a_minute(account.sandbox.requests) <= limit


@pytest.mark.parametrize("allowed", [1, 3])
async def test_a_job_gets_on_where_flodesk_allows_less_than_we_do(
    allowed: int, open_quota: Callable[..., Quota]
) -> None:
    account = Account(open_quota)
    account.sandbox = Sandbox(requests_per_minute=allowed)
    account.network = SlowNetwork(account.sandbox.transport(), lambda: account.latency)
    account.job = account.client()
    async with account.job_running():
        await anyio.sleep(600)
    assert statuses(account.sandbox) <= {200, 429}
    assert sum(request.status == 200 for request in account.sandbox.requests) >= 9 * max(allowed - 1, 1)


async def test_a_job_that_may_wait_no_longer_is_told_so(open_quota: Callable[..., Quota]) -> None:
    account = Account(open_quota)
    assert await at_once([account.client().segments.list] * 100) == []
    with wait_deadline(30, background=True), pytest.raises(QuotaExhausted):
        await account.job.webhooks.list()
