"""How long a session takes up memory, and what its stream does, on virtual time."""

import json
from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import Any

import anyio
import pytest
from starlette.types import Message

from flodesk_mcp.callers.clients import open_connections
from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.flodesk import ApiKey
from flodesk_mcp.server import build_server
from flodesk_mcp.settings import load_settings
from flodesk_mcp.web.auth.principal import OpenedAccount, Principal, User
from flodesk_mcp.web.callers import WebCallers
from flodesk_mcp.web.replicas import Replicas
from flodesk_mcp.web.session import IDLE_SECONDS
from flodesk_mcp.web.sessions import MAX_SESSIONS_EACH, Sessions
from flodesk_mcp.web.settings import HostedSettings

from .calls import JSON, LIST_TOOLS, Backend

pytestmark = pytest.mark.anyio

OPENING = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


@pytest.fixture
def anyio_backend(virtual_time: Backend) -> Backend:
    return virtual_time


@pytest.fixture
async def sessions() -> AsyncIterator[Sessions]:
    settings = load_settings(HostedSettings, sandbox=True)
    async with open_connections(settings) as http:
        callers = WebCallers.of(settings, [http], Replicas(settings))
        yield Sessions(build_server(lambda: nullcontext(callers)), callers, [b"key"], 100_000, Replicas(settings))


class Connection:
    """A request, and what was sent in answer to it."""

    def __init__(self, sessions: Sessions, method: str, session: str = "", message: Any = None) -> None:
        self.sessions = sessions
        self.incoming: list[Message] = [
            {"type": "http.request", "body": json.dumps(message).encode() if message else b"", "more_body": False}
        ]
        self.sent: list[Message] = []
        self.left = anyio.Event()
        headers = {**JSON, **({"mcp-session-id": session} if session else {})}
        principal = Principal("ann", OpenedAccount("ann", ApiKey("key"), "here"), client_id="ann")
        self.scope = {
            "type": "http",
            "method": method,
            "path": "/mcp",
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "user": User(principal, ToolFilter()),
        }

    async def receive(self) -> Message:
        if self.incoming:
            return self.incoming.pop()
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def answered(self) -> "Connection":
        await self.sessions(self.scope, self.receive, self.send)
        return self

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    def header(self, name: str) -> str:
        return str(dict(self.sent[0]["headers"])[name.encode()].decode())


async def opened(sessions: Sessions) -> str:
    return (await Connection(sessions, "POST", message=OPENING).answered()).header("mcp-session-id")


async def listed(sessions: Sessions, session: str) -> int:
    return (await Connection(sessions, "POST", session, LIST_TOOLS).answered()).status


async def test_a_session_leaves_the_memory_when_it_is_idle_and_comes_back(sessions: Sessions) -> None:
    async with sessions.running():
        session = await opened(sessions)
        assert not len(sessions)
        assert await listed(sessions, session) == 200
        await anyio.sleep(IDLE_SECONDS - 1)
        assert await listed(sessions, session) == 200
        await anyio.sleep(IDLE_SECONDS - 1)
        assert len(sessions) == 1
        await anyio.sleep(2)
        assert not len(sessions)
        assert await listed(sessions, session) == 200
        assert len(sessions) == 1


async def test_a_notification_alone_takes_up_no_memory(sessions: Sessions) -> None:
    async with sessions.running():
        session = await opened(sessions)
        message = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        assert (await Connection(sessions, "POST", session, message).answered()).status == 202
        assert not len(sessions)


async def test_a_stream_keeps_its_session_and_gives_way_to_calls_in_others(sessions: Sessions) -> None:
    async with sessions.running(), anyio.create_task_group() as group:
        streams = [Connection(sessions, "GET", await opened(sessions)) for _ in range(MAX_SESSIONS_EACH)]
        for stream in streams:
            group.start_soon(stream.answered)
        await anyio.sleep(IDLE_SECONDS * 2)
        assert [stream.status for stream in streams] == [200] * MAX_SESSIONS_EACH
        assert len(sessions) == MAX_SESSIONS_EACH
        refused = await Connection(sessions, "GET", await opened(sessions)).answered()
        assert refused.status == 429
        assert await listed(sessions, await opened(sessions)) == 200
        assert len(sessions) == MAX_SESSIONS_EACH
        await anyio.sleep(1)
        assert not streams[0].sent[-1].get("more_body", False)
        assert streams[1].sent[-1].get("more_body", True)
        for stream in streams:
            stream.left.set()


async def test_the_end_of_a_session_closes_its_stream(sessions: Sessions) -> None:
    async with sessions.running(), anyio.create_task_group() as group:
        session = await opened(sessions)
        group.start_soon(Connection(sessions, "GET", session).answered)
        await anyio.sleep(1)
        assert (await Connection(sessions, "DELETE", session).answered()).status == 200
        await anyio.sleep(1)
        assert not len(sessions)
