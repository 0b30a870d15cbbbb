"""Connections of server-sent events, on virtual time."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
import pytest
from starlette.types import Message, Scope

from flodesk_mcp.callers.clients import open_connections
from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.flodesk import ApiKey
from flodesk_mcp.server import build_server
from flodesk_mcp.settings import load_settings
from flodesk_mcp.web import sse, sse_stream
from flodesk_mcp.web.auth.principal import OpenedAccount, Principal, User
from flodesk_mcp.web.callers import WebCallers
from flodesk_mcp.web.replicas import Replicas
from flodesk_mcp.web.settings import HostedSettings
from flodesk_mcp.web.sse import MAX_CONNECTIONS_EACH, SseConnections
from flodesk_mcp.web.sse_stream import IDLE_SECONDS, MAX_UNANSWERED

from .calls import Backend

pytestmark = pytest.mark.anyio

MAX_BODY_BYTES = 1000
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": "first",
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


@pytest.fixture
def anyio_backend(virtual_time: Backend) -> Backend:
    return virtual_time


class Silence(httpx2.AsyncBaseTransport):
    """A Flodesk that never answers."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await anyio.sleep_forever()
        raise AssertionError


def connections_to(flodesk: httpx2.AsyncBaseTransport | None) -> SseConnections:
    settings = load_settings(HostedSettings, sandbox=True)
    callers = WebCallers.of(settings, [open_connections(settings, flodesk)], Replicas(settings))
    server = build_server(lambda: pytest.fail("its lifespan is not entered"))
    return SseConnections(server, callers, MAX_BODY_BYTES, Replicas(settings))


@pytest.fixture
def connections() -> SseConnections:
    return connections_to(None)


def scope_of(who: str, query: str = "", size: int = 0) -> Scope:
    principal = Principal(who, OpenedAccount(who, ApiKey("key"), "here"), client_id=who)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(size).encode())]
    return {
        "type": "http",
        "method": "POST" if query else "GET",
        "path": "/",
        "query_string": query.encode(),
        "headers": headers,
        "user": User(principal, ToolFilter()),
    }


class Stream:
    """A client's connection, which it may stop reading."""

    def __init__(self, connections: SseConnections, who: str = "ann") -> None:
        self._connections = connections
        self._who = who
        self._reads = anyio.Event()
        self._reads.set()
        self.left = anyio.Event()
        self.sent: list[Message] = []

    async def connect(self) -> None:
        """Stay connected until one side ends it."""
        await self._connections(scope_of(self._who), self._gone, self._send)

    async def post(self, **message: Any) -> int:
        """Post a message and return the status of the answer."""
        return await self.post_bytes(json.dumps({"jsonrpc": "2.0", **message}).encode())

    async def post_bytes(self, body: bytes) -> int:
        answered: list[Message] = []
        waiting = [{"type": "http.request", "body": body}]

        async def receive() -> Message:
            return waiting.pop() if waiting else await self._gone()

        async def send(message: Message) -> None:
            answered.append(message)

        with anyio.move_on_after(1):  # one that is accepted may still wait for the connection to take it
            await self._connections.messages(scope_of(self._who, self.query, len(body)), receive, send)
        status: int = answered[0]["status"]
        return status

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def query(self) -> str:
        found = re.search(rb"session_id=[0-9a-f]+", self.text)
        assert found
        return found[0].decode()

    @property
    def text(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)

    def stop_reading(self) -> None:
        self._reads = anyio.Event()

    def read_on(self) -> None:
        self._reads.set()

    async def _gone(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        await self._reads.wait()
        self.sent.append(message)


@asynccontextmanager
async def opened(connections: SseConnections) -> AsyncIterator[Stream]:
    """Open a stream on which a client of an older revision has said hello."""
    stream = Stream(connections)
    async with anyio.create_task_group() as group:
        group.start_soon(stream.connect)
        await anyio.sleep(1)
        assert await stream.post(**INITIALIZE) == 202
        await stream.post(method="notifications/initialized")
        await anyio.sleep(1)
        yield stream
        stream.left.set()


async def test_a_connection_that_says_nothing_is_closed(connections: SseConnections) -> None:
    began = anyio.current_time()
    stream = Stream(connections)
    await stream.connect()
    assert stream.status == 200
    assert IDLE_SECONDS <= anyio.current_time() - began < IDLE_SECONDS + 60


async def test_there_are_only_so_many_connections(connections: SseConnections, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_CONNECTIONS", 1)
    refused = Stream(connections, "ben")
    async with anyio.create_task_group() as group:
        group.start_soon(Stream(connections).connect)
        await anyio.sleep(1)
        await refused.connect()
    assert refused.status == 503
    later = Stream(connections)
    await later.connect()
    assert later.status == 200


async def test_each_caller_has_only_so_many_connections(connections: SseConnections) -> None:
    first, refused, other, later = (Stream(connections, who) for who in ("ann", "ann", "ben", "ann"))
    async with anyio.create_task_group() as group:
        for stream in [first, *(Stream(connections) for _ in range(MAX_CONNECTIONS_EACH - 1)), other]:
            group.start_soon(stream.connect)
        await anyio.sleep(1)
        await refused.connect()
        first.left.set()
        await anyio.sleep(1)
        group.start_soon(later.connect)
    assert (refused.status, other.status, later.status) == (429, 200, 200)


async def test_messages_that_nobody_reads_the_answers_to_are_refused(connections: SseConnections) -> None:
    async with opened(connections) as stream:
        stream.stop_reading()
        statuses = [await stream.post(id=number, method="ping") for number in range(4 * MAX_UNANSWERED)]
        assert 202 in statuses
        assert statuses.count(202) <= MAX_UNANSWERED + 2  # one in each of two hands that pass answers on
        assert set(statuses[MAX_UNANSWERED + 2 :]) == {429}
        stream.read_on()
        await anyio.sleep(1)
        assert await stream.post(id=1000, method="ping") == 202
    for number in range(statuses.count(202)):
        assert f'"id":{number}'.encode() in stream.text


async def test_who_reads_may_post_as_much_as_it_likes(connections: SseConnections) -> None:
    async with opened(connections) as stream:
        for number in range(4 * MAX_UNANSWERED):
            assert await stream.post(id=number, method="ping") == 202
            assert await stream.post(id=number, method="ping") == 202  # clients do repeat ids
            assert await stream.post(method="notifications/roots/list_changed") == 202
            assert await stream.post_bytes(b"no JSON") == 400


async def test_a_cancelled_request_takes_no_place() -> None:
    async with opened(connections_to(Silence())) as stream:
        slow = {"name": "list_all_flodesk_segments", "arguments": {}}
        for number in range(2 * MAX_UNANSWERED):
            assert await stream.post(id=number, method="tools/call", params=slow) == 202
            assert await stream.post(method="notifications/cancelled", params={"requestId": number}) == 202
        statuses = [await stream.post(id=n, method="tools/call", params=slow) for n in range(MAX_UNANSWERED + 1)]
    assert statuses == [202] * MAX_UNANSWERED + [429]


async def test_messages_that_wait_are_small_together(
    connections: SseConnections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse_stream, "MAX_UNANSWERED_BYTES", MAX_BODY_BYTES)
    async with opened(connections) as stream:
        stream.stop_reading()
        large = {"_meta": {"note": "x" * (MAX_BODY_BYTES // 2)}}
        statuses = [await stream.post(id=number, method="ping", params=large) for number in range(6)]
    assert statuses[-1] == 429
    assert statuses.count(202) <= 3
