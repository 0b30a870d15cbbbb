"""Three replicas behind the proxy of deploy/, without affinity: they are one server, and any of them may go."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import asyncpg  # type: ignore[import-untyped] # it has no types
import httpx2
import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult

from deploy.cluster import Cluster, Replica, cluster
from deploy.programs import NotInstalled
from flodesk_mcp.sandbox import Sandbox
from ports import free_port
from web.calls import JSON, LIST_SEGMENTS, META, NEWEST, NEWEST_HEADERS, account_of, result_of
from web.files.visitor import Caller, Visitor
from web.serving import serve_in_thread

from .load import PAUSE_SECONDS, Load

pytestmark = pytest.mark.anyio

CLIENTS = 200
ROWS = 500
SESSIONS = 20
PLENTY = str(10**6)
WEBHOOK = {"name": "Feed", "post_url": "https://example.com/feed", "events": ["subscriber.created"]}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def flodesk() -> Sandbox:
    many = int(PLENTY)
    return Sandbox(accounts={"key-ann": account_of("ann")}, requests_per_minute=many, batches_per_minute=many)


@pytest.fixture(scope="module")
def made(flodesk: Sandbox) -> Iterator[tuple[Cluster, str]]:
    """A cluster, and an access token for it."""
    with TemporaryDirectory(prefix="flodesk-cluster-") as name, serve_in_thread(flodesk.app) as url:
        Path(name).chmod(0o755)  # PostgreSQL is another user
        try:
            with cluster(
                Path(name),
                replicas=3,
                flodesk=f"{url}/v1",
                port_of=free_port,
                FLODESK_REQUESTS_PER_MINUTE=PLENTY,
                FLODESK_TOOLSETS="all",
                FLODESK_CONFIRM="auto",
            ) as running:
                yield running, running.new_token(key="key-ann")
        except NotInstalled as missing:
            pytest.skip(str(missing))


@asynccontextmanager
async def http_of(made: tuple[Cluster, str]) -> AsyncIterator[httpx2.AsyncClient]:
    running, token = made
    headers = {**JSON, "Authorization": f"Bearer {token}"}
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(
        base_url=running.address, headers=headers, verify=running.trust(), timeout=60, limits=limits
    ) as http:
        yield http


async def test_a_rolling_restart_under_load_fails_no_call_and_ends_no_session(made: tuple[Cluster, str]) -> None:
    async with http_of(made) as http, anyio.create_task_group() as clients:
        load = Load(http)
        for _ in range(CLIENTS):
            clients.start_soon(load.call, NEWEST_HEADERS, NEWEST)
        for _ in range(SESSIONS):
            clients.start_soon(load.in_session)
        await anyio.sleep(PAUSE_SECONDS)
        for replica in made[0].replicas:
            await anyio.to_thread.run_sync(replica.stop)
            await anyio.to_thread.run_sync(replica.start)
        await anyio.sleep(PAUSE_SECONDS)
        load.is_over = True
    assert set(load.outcomes) == {"done"}, load.outcomes
    assert load.outcomes["done"] >= 2 * CLIENTS


async def test_an_answer_to_a_question_finds_the_replica_that_asks(made: tuple[Cluster, str]) -> None:
    async def person(context: object, params: ElicitRequestParams) -> ElicitResult:
        return ElicitResult(action="accept", content={})

    async with (
        http_of(made) as http,
        Client(
            streamable_http_client(f"{made[0].address}/mcp", http_client=http),
            mode="legacy",
            elicitation_callback=person,
        ) as client,
    ):
        for _ in range(6):  # the proxy takes turns: two of three answers reach another replica
            webhook = await client.call_tool("create_a_flodesk_webhook", WEBHOOK)
            assert isinstance(webhook, CallToolResult)
            assert webhook.structured_content is not None
            with anyio.fail_after(30):
                deleted = await client.call_tool(
                    "delete_a_flodesk_webhook_by_id", {"id": webhook.structured_content["id"]}
                )
            assert isinstance(deleted, CallToolResult)
            assert not deleted.is_error, deleted


@pytest.mark.parametrize("number", range(2))
async def test_messages_of_an_sse_connection_find_the_replica_that_holds_it(
    made: tuple[Cluster, str], number: int
) -> None:
    running, token = made
    headers = {"Authorization": f"Bearer {token}"}

    def to_the_proxy(headers: Any = None, timeout: Any = None, auth: Any = None) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(headers=headers, timeout=timeout, auth=auth, verify=running.trust())

    way = sse_client(f"{running.address}/sse", headers=headers, httpx_client_factory=to_the_proxy)
    async with Client(way, mode="legacy") as client:
        for _ in range(6):  # the proxy takes turns: two of three messages reach another replica
            with anyio.fail_after(30):
                result = await client.call_tool("list_all_flodesk_segments", {})
            assert isinstance(result, CallToolResult)
            assert not result.is_error, result
        for _ in range(3):  # a link leads to the proxy, whichever replica was asked for it
            result = await client.call_tool("plan_flodesk_import", {"file": "people"})
            assert isinstance(result, CallToolResult)
            assert (result.structured_content or {})["upload_url"].startswith(f"{running.address}/upload?link=")


async def test_a_file_comes_through_the_proxy_and_each_step_may_reach_another_replica(
    made: tuple[Cluster, str],
) -> None:
    rows = b"email\n" + b"".join(b"p%d@example.com\n" % number for number in range(400_000))
    async with http_of(made) as http:
        ann = Caller(http, {})
        asked = await ann.called("plan_flodesk_import", file="large")
        person = Visitor(http)
        shown = await person.choose(await person.open(asked["upload_url"]), rows)
        assert "400,000 rows" in shown.text
        assert "It is sent" in (await person.press(shown, "send")).text
        told = await ann.refused("plan_flodesk_import", file="large", columns=[{"column": "email", "field": "ignore"}])
        assert "None of its columns is known to hold e-mail addresses" in told


async def test_a_message_for_the_connection_of_somebody_else_finds_none(made: tuple[Cluster, str]) -> None:
    other = made[0].command("token", "create", "other", "--account", "studio").strip().splitlines()[-1]
    path = ""
    async with http_of(made) as http, http.stream("GET", "/sse") as stream:
        async for line in stream.aiter_lines():
            if path := line.partition("data: ")[2]:
                break
        for _ in made[0].replicas:
            answer = await http.post(path, json=LIST_SEGMENTS, headers={"Authorization": f"Bearer {other}"})
            assert answer.status_code == 404


async def test_a_session_that_is_ended_at_one_replica_is_ended_at_all(made: tuple[Cluster, str]) -> None:
    start = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    opening = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": start}
    async with http_of(made) as http:
        opened = await http.post("/mcp", json=opening)
        headers = {"Mcp-Session-Id": opened.headers["Mcp-Session-Id"], "MCP-Protocol-Version": "2025-11-25"}
        for _ in made[0].replicas:
            assert result_of(await http.post("/mcp", json=LIST_SEGMENTS, headers=headers))
        assert (await http.delete("/mcp", headers=headers)).status_code == 200
        statuses = [(await http.post("/mcp", json=LIST_SEGMENTS, headers=headers)).status_code for _ in range(6)]
    assert statuses == [404] * 6


async def call(http: httpx2.AsyncClient, tool: str, **arguments: Any) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments, "_meta": META}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    answer = await http.post("/mcp", json=message, headers=NEWEST_HEADERS | {"Mcp-Name": tool})
    result = answer.json()["result"] if answer.text.startswith("{") else result_of(answer)
    assert not result["isError"], result
    told: dict[str, Any] = result["structuredContent"]
    return told


async def test_what_the_server_says_by_itself_reaches_the_replica_with_the_stream(made: tuple[Cluster, str]) -> None:
    """A job is followed at one replica, the client's stream is at another."""
    running, _ = made
    host = {"Host": running.address.removeprefix("https://")}
    streaming, calling = (f"http://127.0.0.1:{replica.port}/mcp" for replica in running.replicas[:2])
    start = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    async with http_of(made) as http:
        plan = await call(http, "plan_flodesk_import", people=[{"email": f"n{n}@example.com"} for n in range(ROWS)])
        job = (await call(http, "start_flodesk_job", plan_id=plan["plan_id"]))["job_id"]
        opened = await http.post(calling, json=request("initialize", start), headers=host)
        session = {**host, "Mcp-Session-Id": opened.headers["Mcp-Session-Id"], "MCP-Protocol-Version": "2025-11-25"}
        with anyio.fail_after(60):
            async with http.stream("GET", streaming, headers=session) as stream:
                follow = request("resources/subscribe", {"uri": f"flodesk://jobs/{job}"})
                assert result_of(await http.post(calling, json=follow, headers=session)) == {}
                async for line in stream.aiter_lines():
                    if line.startswith("data: "):
                        break
        await call(http, "cancel_flodesk_job", job_id=job)
    told = json.loads(line.removeprefix("data: "))
    assert told["method"] == "notifications/resources/updated"
    assert told["params"]["uri"] == f"flodesk://jobs/{job}"


def request(method: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


async def runs_the_job(made: tuple[Cluster, str]) -> Replica:
    """Return the replica that the database says runs a job."""
    connection = await asyncpg.connect(made[0].settings["FLODESK_DATABASE_URL"])
    owner: str = await connection.fetchval("SELECT owner FROM jobs WHERE state = 'running'")
    await connection.close()
    (replica,) = [each for each in made[0].replicas if each.process and str(each.process.pid) in owner.split("/")]
    return replica


def batches(flodesk: Sandbox) -> list[tuple[str, ...]]:
    bodies = [request.body for request in flodesk.requests if request.path.endswith("/batch")]
    sent = [tuple(row["email"] for row in body["subscribers"]) for body in bodies]
    return [batch for batch in sent if batch[0].startswith("person-")]  # other tests import people of their own


async def test_a_job_goes_on_within_a_minute_after_its_replica_was_killed(
    made: tuple[Cluster, str], flodesk: Sandbox
) -> None:
    people = [f"person-{number}@example.com" for number in range(ROWS)]
    async with http_of(made) as http:
        plan = await call(http, "plan_flodesk_import", csv="\n".join(["email", *people]))
        job = (await call(http, "start_flodesk_job", plan_id=plan["plan_id"]))["job_id"]
        with anyio.fail_after(60):
            while len(batches(flodesk)) < 3:
                await call(http, "get_flodesk_job", job_id=job, wait_seconds=1)
        killed = await runs_the_job(made)
        await anyio.to_thread.run_sync(killed.kill)
        died_at, sent = anyio.current_time(), len(batches(flodesk))
        try:
            with anyio.fail_after(60):
                while len(batches(flodesk)) <= sent:
                    await call(http, "get_flodesk_job", job_id=job, wait_seconds=1)
            assert anyio.current_time() - died_at < 60
            with anyio.fail_after(120):
                while (ended := await call(http, "get_flodesk_job", job_id=job, wait_seconds=5))["state"] != "done":
                    pass
        finally:
            await anyio.to_thread.run_sync(killed.start)
    assert (ended["rows"], ended["written"], ended.get("failed", 0)) == (ROWS, ROWS, 0)
    seen = batches(flodesk)
    assert sorted(email for batch in set(seen) for email in batch) == sorted(people)
    assert len(seen) - len(set(seen)) <= 1  # at most the one whose answer was not recorded is sent again


async def test_a_replica_without_redis_says_that_it_is_not_ready_and_calls_fail_with_a_sentence(
    made: tuple[Cluster, str],
) -> None:
    running, _ = made
    async with http_of(made) as http:
        await anyio.to_thread.run_sync(running.redis.kill)
        try:
            with anyio.fail_after(30):
                answer = await http.post("/mcp", json=NEWEST, headers=NEWEST_HEADERS)
            ready = await http.get("/readyz")
        finally:
            await anyio.to_thread.run_sync(running.redis.start)
        assert ready.status_code == 503
        assert ready.json()["checks"]["redis"] == "unavailable"
        assert "cannot see now how much of the account's request quota is left, so nothing was sent" in answer.text
