"""Deadlines for heads and for answers, on virtual time."""

import asyncio
from typing import Any

import anyio
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from flodesk_mcp.web.connections import Connections
from flodesk_mcp.web.uvicorn import MAX_HEADER_SECONDS, UNREAD_SECONDS, BoundedProtocol

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

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def abort(self) -> None:
        self.open = False

    def close(self) -> None:
        self.open = False


async def never_answer(scope: Scope, receive: Receive, send: Send) -> None:
    await anyio.sleep_forever()


@pytest.fixture
async def protocol() -> BoundedProtocol:
    config = uvicorn.Config(never_answer, ws="none", lifespan="off", log_config=None)
    config.load()
    return BoundedProtocol(config, ServerState(), {}, connections=Connections(3))


async def test_a_head_that_trickles_in_is_cut_off(protocol: BoundedProtocol) -> None:
    wire = Wire()
    protocol.connection_made(wire)
    for byte in b"GET / HTTP/1.1\r\n"[:10]:
        protocol.data_received(bytes([byte]))
        await anyio.sleep(1)
    assert wire.open
    await anyio.sleep(MAX_HEADER_SECONDS - 9)
    assert not wire.open


async def test_a_request_whose_head_is_there_may_take_its_time(protocol: BoundedProtocol) -> None:
    wire = Wire()
    protocol.connection_made(wire)
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await anyio.sleep(3600)
    assert wire.open
    for task in protocol.tasks:
        task.cancel()


async def test_a_client_that_does_not_read_its_answer_is_cut_off(protocol: BoundedProtocol) -> None:
    wire = Wire()
    protocol.connection_made(wire)
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    protocol.pause_writing()
    await anyio.sleep(UNREAD_SECONDS - 1)
    protocol.resume_writing()
    protocol.pause_writing()
    await anyio.sleep(UNREAD_SECONDS - 1)
    assert wire.open
    await anyio.sleep(2)
    assert not wire.open
    for task in protocol.tasks:
        task.cancel()
