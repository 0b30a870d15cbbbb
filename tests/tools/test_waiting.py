"""Calls that have to wait: progress for those who ask, and nothing spent by those who go."""

import re
from typing import Any

import anyio
import pytest

from flodesk_mcp.sandbox import SANDBOX_API_KEY, Fault, Sandbox

from .agent import Agent, connected

pytestmark = pytest.mark.anyio

LIST = "list_all_flodesk_segments"


async def spend(agent: Agent, requests: int) -> None:
    """Spend some of the quota, one call after the other."""
    for _ in range(requests):
        await agent.call(LIST, limit=1)


async def test_a_client_that_asks_hears_of_the_progress_of_a_long_wait(era: str, sandbox: Sandbox) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total, message))

    async with connected(era, sandbox, max_wait_seconds=120) as agent:
        await spend(agent, 100)
        answer = await agent.client.call_tool(LIST, {}, progress_callback=hear)
    assert not answer.is_error
    assert len(heard) > 20
    assert [done for done, *_ in heard] == sorted({done for done, *_ in heard})
    for done, total, message in heard:
        assert total is not None
        assert 0 <= done <= total <= 120
        assert (done, total) == (round(done), round(total))
        assert re.fullmatch(r"Waiting for Flodesk: about \d+ seconds left", message or "")


async def test_a_client_that_does_not_ask_waits_in_silence(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, max_wait_seconds=120) as agent:
        await spend(agent, 101)
    assert len(sandbox.requests) == 101
    assert all(request.status == 200 for request in sandbox.requests)


async def test_a_short_wait_reports_nothing(agent: Agent) -> None:
    heard: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(progress)

    agent.sandbox.fail(Fault("status", status=503))
    await agent.client.call_tool(LIST, {}, progress_callback=hear)
    assert len(agent.sent) == 2
    assert not heard


async def test_a_call_that_would_wait_too_long_fails_at_once_and_names_the_seconds(agent: Agent) -> None:
    await spend(agent, 100)
    began = anyio.current_time()
    text = await agent.refused(LIST)
    assert text == (
        "List segments failed: the request quota of this Flodesk account (429) is spent, "
        "and the call did nothing. Try again in 61 seconds."
    )
    assert anyio.current_time() == began
    assert len(agent.sent) == 100


async def test_what_others_spend_is_waited_for_too(agent: Agent) -> None:
    await spend(agent, 1)
    agent.sandbox.spend(SANDBOX_API_KEY, 98)
    await spend(agent, 1)
    assert "Try again in " in await agent.refused(LIST)
    assert all(request.status == 200 for request in agent.sandbox.requests)


async def test_a_cancelled_call_that_waits_sends_nothing_and_costs_nothing(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, max_wait_seconds=120) as agent:
        await spend(agent, 100)
        with anyio.move_on_after(10) as impatience:
            await agent.call("create_a_flodesk_segment", name="Never", color="#F2C9C0")
        assert impatience.cancelled_caught
        await anyio.sleep(120)
        assert len(agent.sent) == 100
        began = anyio.current_time()
        await spend(agent, 100)
        assert anyio.current_time() == began
    assert len(agent.account.segments) == 12


async def test_a_cancelled_call_stops_its_request(agent: Agent) -> None:
    agent.sandbox.fail(Fault("hang"))
    with anyio.move_on_after(1):
        await agent.call(LIST)
    assert await agent.call(LIST, limit=12)
    assert [request.status for request in agent.sandbox.requests] == [None, 200]


async def test_one_calls_wait_holds_up_no_other_in_flight(era: str, sandbox: Sandbox) -> None:
    finished: list[str] = []

    async def call(agent: Agent, tool: str, **arguments: Any) -> None:
        await agent.call(tool, **arguments)
        finished.append(tool)

    async with connected(era, sandbox) as agent:
        sandbox.fail(Fault("status", status=429, retry_after=None, path="webhooks"))
        async with anyio.create_task_group() as calls:
            calls.start_soon(lambda: call(agent, "list_all_flodesk_webhooks"))
            calls.start_soon(lambda: call(agent, LIST))
    assert finished == [LIST, "list_all_flodesk_webhooks"]
