"""A Flodesk that answers with ten megabytes at once: others get their turn meanwhile, and afterwards they are gone."""

import gc
import json
import time
from collections.abc import Callable
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp_types import TextContent

from flodesk_mcp.api.response import Answer
from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings

pytestmark = pytest.mark.anyio

NEARLY_TEN_MEBIBYTES = 9 * 2**20
Row = dict[str, Any]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Answering(httpx2.AsyncBaseTransport):
    """Gives the same answer to everything, like a network in chunks."""

    def __init__(self, content: bytes, status: int = 200) -> None:
        self._status = status
        self._chunks = [content[start : start + 65536] for start in range(0, len(content), 65536)]

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        async def chunks() -> Any:
            for chunk in self._chunks:
                yield chunk
                await anyio.lowlevel.checkpoint()

        return httpx2.Response(self._status, content=chunks())


def person(number: int) -> Row:
    return {
        "id": f"65a1b2c3d4e5{number:012d}",
        "email": f"person{number}@example.com",
        "status": "active",
        "first_name": "Jané",
        "segments": [{"id": "seg1", "name": "Florists"}],
        "custom_fields": {"city": "Bern"},
        "created_at": "2024-01-01T00:00:00Z",
    }


def with_many_fields(number: int) -> Row:
    return person(number) | {"custom_fields": {f"k{field}": "x\u2028é" * 10 for field in range(5000)}}


def with_unknown_rows(number: int) -> Row:
    return person(number) | {"engagement": [{"score": [number, None]}] * 10_000}


def page_of(row: Callable[[int], Row]) -> bytes:
    size = len(json.dumps(row(0)).encode()) + 8
    rows = [row(number) for number in range(NEARLY_TEN_MEBIBYTES // size)]
    return json.dumps({"meta": {"page": 1, "per_page": 20, "total_items": len(rows)}, "data": rows}).encode()


async def longest_hold(call: Callable[[], Any]) -> float:
    """Return how much work this process did at most between two turns of the event loop, in seconds of CPU time."""
    longest = 0.0

    async def ticking() -> None:
        nonlocal longest
        last = time.process_time()
        while True:
            await anyio.sleep(0.001)
            now = time.process_time()
            longest, last = max(longest, now - last), now

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ticking)
        await anyio.sleep(0.01)
        await call()
        tasks.cancel_scope.cancel()
    return longest


@pytest.mark.parametrize("row", [person, with_many_fields, with_unknown_rows], ids=lambda row: row.__name__)
async def test_a_huge_page_holds_nobody_up(row: Callable[[int], Row], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLODESK_API_KEY", "key")
    transport = Answering(page_of(row))
    async with Client(single_server(Settings(), transport), mode="2026-07-28") as client:
        answers: list[Any] = []

        async def call() -> None:
            answers.append(await client.call_tool("list_all_flodesk_subscribers", {"limit": 20}))

        await client.list_tools()
        assert await longest_hold(call) < 0.2
    assert not answers[0].is_error
    assert answers[0].structured_content["next_cursor"]
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize(("status", "size"), [(200, 11 * 2**20), (200, 2**20), (500, 100)])
async def test_an_answer_that_is_an_error_is_gone_once_that_was_told(
    status: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLODESK_API_KEY", "key")
    flodesk = Answering(b"[" + b"1," * (size // 2) + b"1]", status)
    async with Client(single_server(Settings(max_wait_seconds=0), flodesk), mode="2026-07-28") as client:
        gc.collect()
        gc.disable()
        try:
            answer = await client.call_tool("list_all_flodesk_subscribers", {"limit": 20})
            await anyio.sleep(0.1)  # until the thread that read it has put it down, too
            kept = [found for found in gc.get_objects() if isinstance(found, Answer)]
        finally:
            gc.enable()
    assert answer.is_error
    assert not kept


async def test_a_page_longer_than_asked_for_is_handed_out_whole_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLODESK_API_KEY", "key")
    rows = [person(number) for number in range(50)]
    content = json.dumps({"meta": {"page": 1, "total_pages": 1}, "data": rows}).encode()
    seen: list[str] = []
    async with Client(single_server(Settings(), Answering(content)), mode="2026-07-28") as client:
        arguments: dict[str, Any] = {"limit": 20}
        while True:
            answer = (await client.call_tool("list_all_flodesk_subscribers", arguments)).structured_content
            seen += [found["id"] for found in answer["result"]]
            if "next_cursor" not in answer:
                break
            arguments["next_cursor"] = answer["next_cursor"]
    assert seen == [row["id"] for row in rows]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1E+999", "1" * 400 + ".0"])
@pytest.mark.parametrize("filler", ["", "x" * 300_000], ids=["small", "large"])
async def test_what_is_no_number_in_json_reaches_no_client(
    number: str, filler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLODESK_API_KEY", "key")
    content = (
        f'{{"id": "1", "email": "a@example.com", "created_at": {number}, "score": {number},'
        f' "custom_fields": {{"a": {number}, "b": "NaN"}}, "more": {{"x": [{number}, 1.5]}}, "note": "{filler}"}}'
    )
    async with Client(single_server(Settings(), Answering(content.encode())), mode="2026-07-28") as client:
        answer = await client.call_tool("get_single_flodesk_subscriber_by_id", {"id_or_email": "1"})
    assert isinstance(answer.content[0], TextContent)
    text = answer.content[0].text

    def no_constant(name: str) -> None:
        raise AssertionError(name)

    assert not answer.is_error
    assert json.loads(text, parse_constant=no_constant) == answer.structured_content
    assert "Infinity" not in text
    assert text.replace('"b":"NaN"', "").find("NaN") == -1
