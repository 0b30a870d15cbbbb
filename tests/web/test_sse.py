"""Connections of server-sent events, on virtual time."""

import anyio
import pytest
from starlette.types import Message

from flodesk_mcp.callers.clients import open_connections
from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.flodesk import ApiKey
from flodesk_mcp.server import build_server
from flodesk_mcp.settings import load_settings
from flodesk_mcp.web import sse
from flodesk_mcp.web.auth.access import Access, OpenedAccount, User
from flodesk_mcp.web.callers import WebCallers
from flodesk_mcp.web.sse import IDLE_SECONDS, SseConnections

from .calls import Backend

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend(virtual_time: Backend) -> Backend:
    return virtual_time


async def connect(connections: SseConnections) -> list[Message]:
    """Open a connection and say nothing; return what was sent when the server has ended it."""
    sent: list[Message] = []
    access = Access("ann", OpenedAccount("ann", ApiKey("key"), "here"), client_id="ann")

    async def receive() -> Message:
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/sse", "headers": [], "user": User(access, ToolFilter())}
    await connections(scope, receive, send)
    return sent


@pytest.fixture
def connections() -> SseConnections:
    settings = load_settings(sandbox=True)
    callers = WebCallers.of(settings, open_connections(settings))
    server = build_server(lambda: pytest.fail("its lifespan is not entered"))
    return SseConnections(server, callers, 1000)


async def test_a_connection_that_says_nothing_is_closed(connections: SseConnections) -> None:
    began = anyio.current_time()
    sent = await connect(connections)
    assert sent[0]["status"] == 200
    assert IDLE_SECONDS <= anyio.current_time() - began < IDLE_SECONDS + 60


async def test_there_are_only_so_many_connections(connections: SseConnections, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_CONNECTIONS", 1)
    async with anyio.create_task_group() as group:
        group.start_soon(connect, connections)
        await anyio.sleep(1)
        assert (await connect(connections))[0]["status"] == 503
    assert (await connect(connections))[0]["status"] == 200
