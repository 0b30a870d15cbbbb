"""One quota of several processes or replicas: one promise for all, on virtual time."""

import random
from collections.abc import Callable
from functools import partial
from math import inf
from pathlib import Path
from secrets import token_hex

import anyio
import pytest

from flodesk_mcp.deadline import WaitDeadline
from flodesk_mcp.flodesk import BearerToken, FlodeskClient, QuotaExhausted, open_http
from flodesk_mcp.quota import Quota
from flodesk_mcp.quota.file import FileQuota
from flodesk_mcp.quota.redis import RedisQuota
from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, Fault, Sandbox

from .blocking_memory import BlockingMemory
from .crowd import HOUR, SlowNetwork, at_once, client_of, listings, most_in_a_minute, statuses

pytestmark = pytest.mark.anyio

ROWS = [{"email": "a@example.com"}]
Opens = Callable[..., Quota]


@pytest.fixture(params=["file", "redis"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opens:
    """Open the quota as another process would, on the same machine or on another."""
    if request.param == "file":
        return partial(FileQuota, tmp_path, lambda key: "account")
    url, account = request.getfixturevalue("redis_url"), token_hex(8)
    return lambda *limits: RedisQuota(BlockingMemory(url), account, *limits)


async def test_five_processes_use_one_quota_and_never_exceed_it(opened: Opens) -> None:
    sandbox = Sandbox()
    network = SlowNetwork(sandbox.transport(), lambda: 0.05)
    http = open_http(network)
    clients = [
        FlodeskClient(BearerToken(SANDBOX_ACCESS_TOKEN), http=http, max_wait_seconds=HOUR, quota=opened())
        for _ in range(5)
    ]
    assert await at_once(call for client in clients for call in listings(client, 50)) == []
    assert statuses(sandbox) == {200}
    assert most_in_a_minute(sandbox.requests) == 100
    assert network.most_under_way == 10
    assert sandbox.requests[-1].at <= 2 * 60 / 0.97 + 10


async def test_who_came_first_leaves_first_whatever_the_process(opened: Opens) -> None:
    sandbox = Sandbox(requests_per_minute=2)
    clients = [client_of(sandbox, quota=opened(2)) for _ in range(3)]
    assert await at_once(listings(clients[0], 2)) == []
    async with anyio.create_task_group() as tasks:
        for page, who in enumerate([2, 0, 1, 1, 2, 0], start=11):
            tasks.start_soon(partial(clients[who].segments.list, page=page))
            await anyio.sleep(1)
    pages = [int(request.query["page"]) for request in sandbox.requests]
    # Two places are free at a time, and who may take them need not wait for one another.
    assert [sorted(pages[start : start + 2]) for start in range(0, 8, 2)] == [[1, 2], [11, 12], [13, 14], [15, 16]]
    assert [request.at for request in sandbox.requests][2:] == pytest.approx(
        [60.5, 60.5, 121, 121, 181.5, 181.5], abs=0.1
    )


async def test_who_would_wait_too_long_behind_other_processes_is_told_at_once(opened: Opens) -> None:
    sandbox = Sandbox(requests_per_minute=2)
    patient, hasty = client_of(sandbox, quota=opened(2)), client_of(sandbox, quota=opened(2), max_wait=65)
    async with anyio.create_task_group() as tasks:
        for call in listings(patient, 4):
            tasks.start_soon(call)
        await anyio.sleep(5)
        with pytest.raises(QuotaExhausted) as refused:
            await hasty.segments.list()
    assert refused.value.retry_after == pytest.approx(116, abs=0.1)


async def test_batches_count_in_both_windows_over_all_processes(opened: Opens) -> None:
    sandbox = Sandbox()
    clients = [client_of(sandbox, quota=opened()) for _ in range(3)]
    batches = [partial(client.subscribers.save_batch, ROWS) for client in clients for _ in range(10)]
    assert await at_once([*batches, *listings(clients[0], 90)]) == []
    assert statuses(sandbox) == {200}
    assert most_in_a_minute(sandbox.requests) == 100
    assert most_in_a_minute(request for request in sandbox.requests if request.method == "POST") == 20


async def test_a_foreign_spender_that_one_process_sees_slows_all_down(opened: Opens) -> None:
    sandbox = Sandbox()
    one, other = client_of(sandbox, quota=opened()), client_of(sandbox, quota=opened())
    sandbox.spend(SANDBOX_ACCESS_TOKEN, 60)
    await one.segments.list()
    assert await at_once(listings(other, 60)) == []
    assert statuses(sandbox) == {200}
    assert sum(request.at < 60 for request in sandbox.requests) == 40


async def test_retry_after_closes_the_window_for_all_processes(opened: Opens) -> None:
    sandbox = Sandbox()
    sandbox.fail(Fault("status", status=429, retry_after=12))
    one, other = client_of(sandbox, quota=opened()), client_of(sandbox, quota=opened())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one.segments.list)
        await anyio.sleep(1)
        tasks.start_soon(other.webhooks.list)
    first, *later = [request.at for request in sandbox.requests]
    assert first == 0
    assert len(later) == 2
    assert all(12 <= at < 12.5 for at in later)  # never before it, and soon after: processes look at random moments


async def test_a_call_cancelled_while_it_waits_leaves_nothing_behind(opened: Opens) -> None:
    sandbox = Sandbox(requests_per_minute=1)
    one, other = client_of(sandbox, quota=opened(1)), client_of(sandbox, quota=opened(1))
    await one.segments.list()
    with anyio.move_on_after(10):
        await one.segments.list()
    await other.segments.list()
    assert sandbox.requests[-1].at == pytest.approx(60.5, abs=0.1)


async def test_who_comes_while_another_is_about_to_leave_does_not_wait_for_ever(redis_url: str) -> None:
    sandbox, account, plenty, chance = Sandbox(requests_per_minute=10**6), token_hex(8), 10**6, random.Random(1)
    http = open_http(SlowNetwork(sandbox.transport(), lambda: 0.005))

    async def calls(flodesk: FlodeskClient) -> None:
        for _ in range(20):
            await anyio.sleep(chance.uniform(0, 1))
            await flodesk.segments.list()

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            quota = RedisQuota(BlockingMemory(redis_url, seconds=0.05), account, plenty)
            flodesk = FlodeskClient(BearerToken(SANDBOX_ACCESS_TOKEN), http=http, max_wait_seconds=HOUR, quota=quota)
            for _ in range(20):
                tasks.start_soon(calls, flodesk)
    assert len(sandbox.requests) == 3 * 20 * 20
    assert sandbox.requests[-1].at < 120


async def test_what_a_dead_replica_had_under_way_has_ended_and_counts_for_a_minute(redis_url: str) -> None:
    account, dead = token_hex(8), BlockingMemory(redis_url)
    other = RedisQuota(BlockingMemory(redis_url), account, 1)
    async with RedisQuota(dead, account, 1).slot(WaitDeadline(inf)):
        dead.die()
        await anyio.sleep(7)
        async with other.slot(WaitDeadline(inf)):
            assert anyio.current_time() == pytest.approx(67.5, abs=0.1)


async def test_an_end_that_redis_refused_to_note_keeps_a_place_no_longer_than_any_request_takes(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, deaf = token_hex(8), BlockingMemory(redis_url)
    other = RedisQuota(BlockingMemory(redis_url), account, 1)
    async with RedisQuota(deaf, account, 1).slot(WaitDeadline(inf)):
        monkeypatch.setattr(deaf, "tell", deaf.refuse)
    async with other.slot(WaitDeadline(1_000)):
        assert 720.5 <= anyio.current_time() < 725  # processes look at random moments
