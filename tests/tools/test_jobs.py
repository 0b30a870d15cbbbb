"""get_flodesk_job and cancel_flodesk_job, the resource of a job, and who hears of its changes."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.subscriptions import Subscription
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp.shared.subscriptions import ResourceUpdated
from mcp_types import ResourceUpdatedNotification, TextResourceContents

from flodesk_mcp.sandbox import SANDBOX_API_KEY, Sandbox
from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings

from .agent import Agent, connected

pytestmark = pytest.mark.anyio
EXPORT = "export_flodesk_subscribers"
QUICK: dict[str, Any] = {"toolsets": "all", "requests_per_minute": 10**6}


@pytest.fixture
def anyio_backend() -> str:
    """The database works in threads, which virtual time would overtake."""
    return "asyncio"


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(requests_per_minute=10**6)


class Gate(httpx2.AsyncBaseTransport):
    """The way to a sandbox: requests for `path` wait before it until it is open."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._transport = sandbox.transport()
        self.path = "/subscribers"
        self.open = anyio.Event()
        self.reached = anyio.Event()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith(self.path):
            self.reached.set()
            await self.open.wait()
        return await self._transport.handle_async_request(request)


@pytest.fixture
def gate(sandbox: Sandbox) -> Gate:
    return Gate(sandbox)


@asynccontextmanager
async def exporting(era: str, sandbox: Sandbox, gate: Gate) -> AsyncIterator[tuple[Agent, str]]:
    """An agent whose export has begun, and cannot get on before the gate is open; and the id of the job."""
    async with connected(era, sandbox, gate, **QUICK) as agent, anyio.create_task_group() as calls:
        calls.start_soon(agent.answer, EXPORT)
        await gate.reached.wait()
        (job,) = (await agent.call("get_flodesk_job"))["jobs"]
        yield agent, job["job_id"]
        gate.open.set()
        calls.cancel_scope.cancel()


async def test_a_job_is_followed_to_its_end(era: str, sandbox: Sandbox, gate: Gate) -> None:
    async with exporting(era, sandbox, gate) as (agent, job_id):
        running = await agent.call("get_flodesk_job", job_id=job_id)
        gate.open.set()
        ended = await agent.call("get_flodesk_job", job_id=job_id, wait_seconds=25)

    assert (running["state"], "written" in running, "result" in running) == ("running", False, False)
    assert (ended["state"], ended["kind"], ended["rows"]) == ("done", "export", ended["written"])
    assert ended["result"]["uri"] == f"flodesk://exports/{job_id}/1"


async def test_a_report_is_named_as_soon_as_a_row_has_an_outcome_and_for_no_export(
    era: str, sandbox: Sandbox, gate: Gate
) -> None:
    gate.path = "/subscribers/batch"
    async with connected(era, sandbox, gate, **QUICK) as agent, anyio.create_task_group() as calls:
        exported = await agent.call(EXPORT)
        plan = await agent.call("plan_flodesk_import", people=[{"email": "new@example.com"}])
        calls.start_soon(partial(agent.answer, "start_flodesk_job", plan_id=plan["plan_id"]))
        await gate.reached.wait()
        job_id = (await agent.call("get_flodesk_job"))["jobs"][0]["job_id"]
        running = await agent.call("get_flodesk_job", job_id=job_id)
        gate.open.set()
        ended = await agent.call("get_flodesk_job", job_id=job_id, wait_seconds=25)
        (content,) = (await agent.client.read_resource(ended["report"])).contents

    assert (running["state"], running["rows"], running["left"]) == ("running", 1, 1)
    assert "report" not in running.keys() | exported.keys()
    assert (ended["state"], ended["report"]) == ("done", f"flodesk://jobs/{job_id}/report/1")
    assert isinstance(content, TextResourceContents)
    assert "new@example.com,written" in content.text


async def test_a_waiting_call_tells_its_progress(era: str, sandbox: Sandbox, gate: Gate) -> None:
    told: list[tuple[float, float | None, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    async with exporting(era, sandbox, gate) as (agent, job_id):
        arguments = {"job_id": job_id, "wait_seconds": 3}
        await agent.client.call_tool("get_flodesk_job", arguments, progress_callback=hear)

    assert len(told) >= 2
    assert all(total == 3 and message and "Reading the account" in message for _, total, message in told)
    assert [progress for progress, _, _ in told] == sorted({progress for progress, _, _ in told})


async def test_stopping_ends_a_job_after_the_request_under_way(era: str, sandbox: Sandbox, gate: Gate) -> None:
    async with exporting(era, sandbox, gate) as (agent, job_id):
        stopped = await agent.call("cancel_flodesk_job", job_id=job_id)
        gate.open.set()
        ended = await agent.call("get_flodesk_job", job_id=job_id, wait_seconds=25)
        again = await agent.call("cancel_flodesk_job", job_id=job_id)

    assert (stopped["state"], stopped["notice"]) == ("running", "It ends after the batch under way.")
    assert ended["state"] == again["state"] == "cancelled"


async def test_one_export_runs_and_the_next_waits(era: str, sandbox: Sandbox, gate: Gate) -> None:
    async with exporting(era, sandbox, gate) as (agent, first), anyio.create_task_group() as calls:
        calls.start_soon(agent.answer, EXPORT)
        while len(jobs := (await agent.call("get_flodesk_job"))["jobs"]) < 2:  # noqa: ASYNC110 - nothing tells of it
            await anyio.sleep(0.01)
        gate.open.set()
        ended = [await agent.call("get_flodesk_job", job_id=job["job_id"], wait_seconds=25) for job in jobs]

    assert [(job["job_id"] == first, job["state"]) for job in jobs] == [(False, "waiting"), (True, "running")]
    assert [job["state"] for job in ended] == ["done", "done"]


@pytest.mark.parametrize("tool", ["get_flodesk_job", "cancel_flodesk_job"])
async def test_an_unknown_id_is_no_such_job(era: str, sandbox: Sandbox, tool: str) -> None:
    async with connected(era, sandbox, **QUICK) as agent:
        assert "no such job" in await agent.refused(tool, job_id="0" * 24)


async def test_another_accounts_job_is_no_such_job(sandbox: Sandbox) -> None:
    async with connected("legacy", sandbox, **QUICK) as agent, connected("legacy", Sandbox(), **QUICK) as other:
        job = await agent.call(EXPORT)
        for tool in ("get_flodesk_job", "cancel_flodesk_job"):
            assert "no such job" in await other.refused(tool, job_id=job["job_id"])
        with pytest.raises(Exception, match="no such job"):
            await other.client.read_resource(job["result"]["uri"])


async def test_without_an_id_the_latest_jobs_come_first(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, **QUICK) as agent:
        ids = [(await agent.call(EXPORT))["job_id"] for _ in range(2)]
        assert [job["job_id"] for job in (await agent.call("get_flodesk_job"))["jobs"]] == ids[::-1]


async def test_the_resource_of_a_job_shows_the_same(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, **QUICK) as agent:
        job = await agent.call(EXPORT)
        (content,) = (await agent.client.read_resource(f"flodesk://jobs/{job['job_id']}")).contents

    assert isinstance(content, TextResourceContents)
    assert json.loads(content.text) == job


async def test_a_refused_credential_in_the_middle_ends_the_job_in_a_sentence(era: str, sandbox: Sandbox) -> None:
    pages = iter(range(100))

    class Revoking(Gate):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            if request.url.path.endswith("/subscribers") and next(pages) == 2:
                return httpx2.Response(401, json={"message": "revoked"}, request=request)
            return await self._transport.handle_async_request(request)

    async with connected(era, sandbox, Revoking(sandbox), **QUICK) as agent:
        job = await agent.call(EXPORT)

    assert job["state"] == "failed"
    assert "(401)" in job["notice"]
    assert "jobs run" in job["notice"]


@pytest.mark.parametrize("meant", ["VIP", "3e645b1e6b81ac90ec4a722e"])
async def test_a_segment_that_is_deleted_after_the_order_ends_the_export_in_a_sentence(
    era: str, sandbox: Sandbox, gate: Gate, meant: str
) -> None:
    account = sandbox.accounts[SANDBOX_API_KEY]
    where = [{"field": "segment", "operator": "is", "value": meant}]
    async with connected(era, sandbox, gate, **QUICK) as agent, anyio.create_task_group() as calls:
        calls.start_soon(partial(agent.answer, EXPORT, where=where))
        await gate.reached.wait()
        del account.segments["3e645b1e6b81ac90ec4a722e"]
        for person in account.subscribers.values():
            person.segment_ids = [known for known in person.segment_ids if known in account.segments]
        gate.open.set()
        (job,) = (await agent.call("get_flodesk_job"))["jobs"]
        ended = await agent.call("get_flodesk_job", job_id=job["job_id"], wait_seconds=25)

    assert ended["state"] == "failed"
    assert f"The name {meant!r} does not stand for exactly one segment" in ended["notice"]
    assert "deleted" in ended["notice"]


@asynccontextmanager
async def subscribed(client: Client, era: str, uri: str, heard: list[str]) -> AsyncIterator[None]:
    """Subscribe to `uri` in the way of the era; in the older one the client's message handler hears."""
    if era == "legacy":
        with pytest.warns(MCPDeprecationWarning):
            await client.subscribe_resource(uri)
        yield
        with pytest.warns(MCPDeprecationWarning):
            await client.unsubscribe_resource(uri)
        return

    async def hear(events: Subscription) -> None:
        async for event in events:
            assert isinstance(event, ResourceUpdated)
            heard.append(event.uri)

    async with client.listen(resource_subscriptions=[uri]) as events, anyio.create_task_group() as hearing:
        hearing.start_soon(hear, events)
        yield
        hearing.cancel_scope.cancel()


async def test_who_subscribed_hears_of_changes_to_that_job_alone(era: str, sandbox: Sandbox, gate: Gate) -> None:
    heard: list[str] = []

    async def hear(message: object) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            heard.append(str(message.params.uri))

    server = single_server(Settings(sandbox=True, **QUICK), gate)
    async with Client(server, mode=era, message_handler=hear) as client, anyio.create_task_group() as calls:
        calls.start_soon(client.call_tool, EXPORT, {})
        await gate.reached.wait()
        (job,) = (await client.call_tool("get_flodesk_job", {})).structured_content["jobs"]
        uri = f"flodesk://jobs/{job['job_id']}"
        async with subscribed(client, era, uri, heard):
            gate.open.set()
            await client.call_tool("get_flodesk_job", {"job_id": job["job_id"], "wait_seconds": 25})
            with anyio.fail_after(10):
                while not heard:  # noqa: ASYNC110 - the client tells nobody else
                    await anyio.sleep(0.01)
        before = len(heard)
        await client.call_tool(EXPORT, {})

    assert set(heard) == {uri}
    assert len(heard) == before
