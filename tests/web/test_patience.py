"""How long connections are kept, on virtual time."""

import asyncio
from typing import Any

import anyio
import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send
from uvicorn.server import ServerState

from flodesk_mcp.callers.clients import open_connections
from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.flodesk import ApiKey
from flodesk_mcp.server import build_server
from flodesk_mcp.settings import load_settings
from flodesk_mcp.web import sse
from flodesk_mcp.web.auth.access import Access, User
from flodesk_mcp.web.callers import WebCallers
from flodesk_mcp.web.sse import IDLE_SECONDS, SseConnections
from flodesk_mcp.web.uvicorn import MAX_HEADER_SECONDS, ImpatientProtocol

from .calls import Backend

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend(virtual_time: Backend) -> Backend:
    return virtual_time


class Wire(asyncio.Transport):
    """What a protocol writes to, and whether it hung up."""

    def __init__(self) -> None:
        super().__init__()
        self.open = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def is_closing(self) -> bool:
        return not self.open

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def abort(self) -> None:
        self.open = False

    def close(self) -> None:
        self.open = False


async def never_answer(scope: Scope, receive: Receive, send: Send) -> None:
    await anyio.sleep_forever()


@pytest.fixture
async def protocol() -> ImpatientProtocol:
    config = uvicorn.Config(never_answer, ws="none", lifespan="off", log_config=None)
    config.load()
    return ImpatientProtocol(config, ServerState(), {})


async def test_a_head_that_trickles_in_is_cut_off(protocol: ImpatientProtocol) -> None:
    wire = Wire()
    protocol.connection_made(wire)
    for byte in b"GET / HTTP/1.1\r\n"[:10]:
        protocol.data_received(bytes([byte]))
        await anyio.sleep(1)
    assert wire.open
    await anyio.sleep(MAX_HEADER_SECONDS - 9)
    assert not wire.open


async def test_a_request_whose_head_is_there_may_take_its_time(protocol: ImpatientProtocol) -> None:
    wire = Wire()
    protocol.connection_made(wire)
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await anyio.sleep(3600)
    assert wire.open
    for task in protocol.tasks:
        task.cancel()


async def connect(connections: SseConnections) -> list[Message]:
    """Open a connection and say nothing; return what was sent when the server has ended it."""
    sent: list[Message] = []
    access = Access(who="ann", client_id="ann", credential=ApiKey("key"), credential_source="here")

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
