"""Calls that wait for their turn, and those that give up."""

from functools import partial

import anyio
import pytest

from flodesk_mcp.flodesk import NoAnswer, QuotaExhausted
from flodesk_mcp.quota import WindowQuota
from flodesk_mcp.sandbox import Fault, Sandbox

from .crowd import at_once, client_of, listings

pytestmark = pytest.mark.anyio


async def test_a_cancelled_waiting_call_costs_nothing_and_the_next_moves_up() -> None:
    sandbox = Sandbox(requests_per_minute=2)
    flodesk = client_of(sandbox, quota=WindowQuota(2))
    assert await at_once(listings(flodesk, 2)) == []
    async with anyio.create_task_group() as tasks:

        async def cancelled(page: int) -> None:
            with anyio.move_on_after(10):
                await flodesk.segments.list(page=page)

        tasks.start_soon(cancelled, 11)
        tasks.start_soon(cancelled, 12)
        await anyio.sleep(1)
        for page in (13, 14, 15):
            tasks.start_soon(partial(flodesk.segments.list, page=page))
    assert [request.query["page"] for request in sandbox.requests] == ["1", "2", "13", "14", "15"]
    assert [request.at for request in sandbox.requests] == pytest.approx([0, 0, 60.5, 60.5, 121])


async def test_a_request_cancelled_under_way_counts() -> None:
    sandbox = Sandbox(requests_per_minute=1)
    sandbox.fail(Fault("hang"))
    flodesk = client_of(sandbox, max_wait=0, quota=WindowQuota(1))
    with anyio.move_on_after(5):
        await flodesk.segments.list()
    with pytest.raises(QuotaExhausted) as refused:
        await flodesk.segments.list()
    assert refused.value.retry_after == pytest.approx(60.5)


async def test_refused_connections_cost_nothing() -> None:
    sandbox = Sandbox()
    sandbox.fail(Fault("refuse", times=5))
    flodesk = client_of(sandbox, max_wait=0, quota=WindowQuota(2))
    for _ in range(5):
        with pytest.raises(NoAnswer) as failed:
            await flodesk.segments.list()
        assert not failed.value.sent
    await flodesk.segments.list()
    await flodesk.segments.list()
    with pytest.raises(QuotaExhausted):
        await flodesk.segments.list()


async def test_those_who_wait_fail_at_once_when_the_window_closes_for_longer() -> None:
    sandbox = Sandbox(requests_per_minute=1000)
    quota = WindowQuota(2)
    patient, hasty = client_of(sandbox, quota=quota), client_of(sandbox, quota=quota, max_wait=65)
    sandbox.fail(Fault("hang", path="webhooks"))
    failed_at: list[float] = []

    async def fail() -> None:
        with pytest.raises(QuotaExhausted):
            await hasty.segments.list()
        failed_at.append(anyio.current_time())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(patient.segments.list)
        tasks.start_soon(patient.segments.list)
        await anyio.sleep(1)
        tasks.start_soon(patient.segments.list)
        tasks.start_soon(fail)
        await anyio.sleep(9)
        quota.close_for(500)
    assert failed_at == [10]


async def test_a_call_in_the_queue_fails_at_its_deadline_and_not_later() -> None:
    sandbox = Sandbox(requests_per_minute=1000)
    sandbox.fail(Fault("hang", times=2))
    quota = WindowQuota(2)
    patient, hasty = client_of(sandbox, quota=quota), client_of(sandbox, quota=quota, max_wait=70)
    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(patient.segments.list)
        await anyio.sleep(1)
        # The two that hang hold their slots longer than could be foreseen.
        with pytest.raises(QuotaExhausted):
            await hasty.segments.list()
        assert anyio.current_time() <= 71


async def test_an_eleventh_request_at_once_waits_no_longer_than_it_may() -> None:
    sandbox = Sandbox()
    sandbox.fail(Fault("hang", times=10))
    quota = WindowQuota()
    patient, hasty = client_of(sandbox, quota=quota), client_of(sandbox, quota=quota, max_wait=7)
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(at_once, [patient.segments.list])
        await anyio.sleep(1)
        with pytest.raises(QuotaExhausted):
            await hasty.webhooks.list()
        assert anyio.current_time() == 8
        assert len(sandbox.requests) == 10
        tasks.cancel_scope.cancel()
    await hasty.webhooks.list()


async def test_a_repeat_keeps_the_place_of_its_call() -> None:
    sandbox = Sandbox(requests_per_minute=2)
    flodesk = client_of(sandbox, quota=WindowQuota(2))
    sandbox.fail(Fault("status", status=503, path="webhooks"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(flodesk.webhooks.list)
        await anyio.lowlevel.checkpoint()
        for call in listings(flodesk, 4):
            tasks.start_soon(call)
    assert [request.query["page"] for request in sandbox.requests] == ["1", "1", "1", "2", "3", "4"]
    assert [request.path for request in sandbox.requests].index("/v1/webhooks", 1) == 2
