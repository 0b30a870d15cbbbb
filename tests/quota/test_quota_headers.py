"""What Flodesk tells of its quota, others who spend it, and the second quota of batches."""

import anyio
import pytest

from flodesk_mcp.flodesk import QuotaExhausted
from flodesk_mcp.quota import WindowQuota
from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, Fault, Sandbox

from .crowd import at_once, client_of, listings, most_in_a_minute, statuses

pytestmark = pytest.mark.anyio


async def test_a_foreign_spender_seen_in_the_header_slows_us_down() -> None:
    sandbox = Sandbox()
    flodesk = client_of(sandbox)
    sandbox.spend(SANDBOX_ACCESS_TOKEN, 60)
    await flodesk.segments.list()
    assert await at_once(listings(flodesk, 120)) == []
    assert statuses(sandbox) == {200}
    assert sum(request.at < 60 for request in sandbox.requests) == 40


async def test_a_foreign_spender_in_the_middle_is_seen_too() -> None:
    sandbox = Sandbox()
    flodesk = client_of(sandbox)
    for _ in range(30):
        await flodesk.segments.list()
        await anyio.sleep(1)
    sandbox.spend(SANDBOX_ACCESS_TOKEN, 50)
    await flodesk.segments.list()
    assert await at_once(listings(flodesk, 60)) == []
    assert statuses(sandbox) == {200}


async def test_after_a_foreign_spender_has_stopped_the_whole_quota_is_ours_again() -> None:
    sandbox = Sandbox()
    flodesk = client_of(sandbox)
    sandbox.spend(SANDBOX_ACCESS_TOKEN, 99)
    await flodesk.segments.list()
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
        await client_of(sandbox, max_wait=20).segments.list()
    assert anyio.current_time() == 0
    assert refused.value.retry_after == pytest.approx(60.5)
    assert len(sandbox.requests) == 1


async def test_a_limit_below_the_configured_one_is_believed() -> None:
    sandbox = Sandbox(requests_per_minute=30)
    flodesk = client_of(sandbox)
    await flodesk.segments.list()
    assert await at_once(listings(flodesk, 89)) == []
    assert statuses(sandbox) == {200}
    assert most_in_a_minute(sandbox.requests) == 30


async def test_a_limit_above_the_configured_one_changes_nothing() -> None:
    sandbox = Sandbox(requests_per_minute=1000)
    assert await at_once(listings(client_of(sandbox, quota=WindowQuota(40)), 100)) == []
    assert most_in_a_minute(sandbox.requests) == 40


async def test_batches_have_a_window_of_their_own_and_count_in_the_other_too() -> None:
    sandbox = Sandbox()
    flodesk = client_of(sandbox)
    batches = [lambda: flodesk.subscribers.save_batch([{"email": "a@example.com"}])] * 45
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
    assert await at_once([lambda: flodesk.subscribers.save_batch(rows)] * 20) == []
    assert await at_once(listings(flodesk, 80)) == []
    async with anyio.create_task_group() as tasks:
        for call in listings(flodesk, 100):
            tasks.start_soon(call)
        await anyio.sleep(1)
        with pytest.raises(QuotaExhausted) as refused:
            await flodesk.subscribers.save_batch(rows)
    assert refused.value.retry_after == pytest.approx(120)


async def test_retry_after_closes_the_window_for_all_calls_of_the_credential() -> None:
    sandbox = Sandbox()
    sandbox.fail(Fault("status", status=429, retry_after=12))
    flodesk = client_of(sandbox)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(flodesk.segments.list)
        await anyio.sleep(1)
        tasks.start_soon(flodesk.webhooks.list)
    assert [(request.path, request.at) for request in sandbox.requests] == [
        ("/v1/segments", 0),
        ("/v1/segments", 12),
        ("/v1/webhooks", 12),
    ]
