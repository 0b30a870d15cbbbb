"""A session that several processes take turns in, and what is lost with a process."""

import itertools
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.store import new_key

from .calls import ANN, account_of
from .serving import Served, serve, serve_in_thread

pytestmark = pytest.mark.anyio

WEBHOOK = {"name": "Feed", "post_url": "https://example.com/feed", "events": ["subscriber.created"]}
DELETE = "delete_a_flodesk_webhook_by_id"


@pytest.fixture
def flodesk() -> Sandbox:
    return Sandbox(accounts={"key-ann": account_of("ann")})


@pytest.fixture
def processes(flodesk: Sandbox, tmp_path: Path) -> Iterator[list[Served]]:
    """Two processes with the same keys."""
    with serve_in_thread(flodesk.app) as url:
        variables: dict[str, Any] = {"FLODESK_BASE_URL": f"{url}/v1", "FLODESK_ENCRYPTION_KEYS": new_key()}
        with (
            serve(tmp_path / "first", "--auth=headers", **variables) as first,
            serve(tmp_path / "second", "--auth=headers", **variables) as second,
        ):
            yield [first, second]


class TakingTurns(httpx2.AsyncBaseTransport):
    """Sends each request to the next process, and an answer to the one that asked, as a proxy that knows sessions."""

    def __init__(self, processes: list[Served], answers_go: str = "back") -> None:
        self.http = httpx2.AsyncHTTPTransport()
        self.turns = itertools.cycle(served.port for served in processes)
        self.answers_go = answers_go
        self.asked = self.seen = 0
        self.answered: list[int] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        message: Any = json.loads(request.content or b"{}")
        is_answer = "result" in message
        self.seen = self.asked if is_answer and self.answers_go == "back" else next(self.turns)
        if message.get("method") == "tools/call":
            self.asked = self.seen
        request.url = request.url.copy_with(port=self.seen)
        response = await self.http.handle_async_request(request)
        if is_answer:
            self.answered.append(response.status_code)
        return response

    async def aclose(self) -> None:
        await self.http.aclose()


@asynccontextmanager
async def connected(way: TakingTurns, person: Any) -> AsyncIterator[Client]:
    async with httpx2.AsyncClient(transport=way, headers=ANN, timeout=30) as http:
        transport = streamable_http_client("http://127.0.0.1/mcp", http_client=http)
        async with Client(transport, mode="legacy", elicitation_callback=person) as client:
            yield client


async def made_webhook(client: Client) -> str:
    made = await client.call_tool("create_a_flodesk_webhook", WEBHOOK)
    assert isinstance(made, CallToolResult)
    assert made.structured_content is not None, made
    return str(made.structured_content["id"])


async def test_processes_take_turns_in_a_session_and_each_asks(processes: list[Served], flodesk: Sandbox) -> None:
    answers = iter(["decline", "decline", "accept"])

    async def person(context: object, params: ElicitRequestParams) -> ElicitResult:
        return ElicitResult.model_validate({"action": next(answers)})

    way, used = TakingTurns(processes), set()
    async with connected(way, person) as client:
        id_ = await made_webhook(client)
        for expected in (True, True, False):
            with anyio.fail_after(20):
                result = await client.call_tool(DELETE, {"id": id_})
            assert isinstance(result, CallToolResult)
            assert result.is_error is expected, result
            used.add(way.asked)
    assert len(used) == 2
    assert not flodesk.accounts["key-ann"].webhooks


async def test_an_answer_that_comes_to_another_process_is_refused_and_changes_nothing(
    processes: list[Served], flodesk: Sandbox
) -> None:
    way = TakingTurns(processes, "elsewhere")

    async def person(context: object, params: ElicitRequestParams) -> ElicitResult:
        while next(way.turns) != way.asked:
            pass  # so that the next one in turn is the other
        return ElicitResult(action="accept", content={})

    async with connected(way, person) as client:
        id_ = await made_webhook(client)
        with anyio.move_on_after(5):
            await client.call_tool(DELETE, {"id": id_})
    assert way.answered == [400]
    assert list(flodesk.accounts["key-ann"].webhooks) == [id_]


async def test_a_question_that_is_open_when_the_process_ends_fails_with_a_sentence(
    processes: list[Served], flodesk: Sandbox
) -> None:
    asked = anyio.Event()

    async def person(context: object, params: ElicitRequestParams) -> ElicitResult:
        asked.set()
        await anyio.sleep_forever()
        raise AssertionError

    results: list[Any] = []
    async with connected(TakingTurns(processes[:1]), person) as client:
        id_ = await made_webhook(client)

        async def delete() -> None:
            results.append(await client.call_tool(DELETE, {"id": id_}))

        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(delete)
                await asked.wait()
                os.kill(processes[0].process.pid, signal.SIGTERM)
    assert "this client could not ask the person, and nothing was changed." in str(results[0].content)
    assert list(flodesk.accounts["key-ann"].webhooks) == [id_]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_a_session_goes_on_in_the_process_that_is_left(processes: list[Served], end: signal.Signals) -> None:
    way = TakingTurns(processes)

    async def person(context: object, params: ElicitRequestParams) -> ElicitResult:
        return ElicitResult(action="decline")

    async with connected(way, person) as client:
        id_ = await made_webhook(client)
        processes[0].process.send_signal(end)
        await anyio.to_thread.run_sync(processes[0].process.wait)
        way.turns = itertools.cycle([processes[1].port])
        with anyio.fail_after(20):
            result = await client.call_tool(DELETE, {"id": id_})
        assert "the person declined" in str(result)
