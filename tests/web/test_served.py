"""A real process, real sockets and the Python SDK's real clients, in both eras, over both transports, in each mode."""

import os
import signal
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp_types import CallToolResult
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .calls import ANN, BEN, JSON, LIST_SEGMENTS, NEWEST, NEWEST_HEADERS
from .connecting import Era, Transport, connected
from .deployment import Deployment, Mode
from .serving import Served, serve, serve_in_thread

pytestmark = pytest.mark.anyio


def segments_in(result: Any) -> list[str]:
    assert isinstance(result, CallToolResult)
    assert not result.is_error, result
    assert result.structured_content is not None
    return [segment["name"] for segment in result.structured_content["result"]]


@pytest.mark.parametrize("era", ["auto", "legacy"])
@pytest.mark.parametrize("transport", ["http", "sse"])
@pytest.mark.parametrize("mode", ["headers", "tokens", "oauth"])
async def test_the_python_sdk_gets_in(deployment: Deployment, mode: Mode, transport: Transport, era: Era) -> None:
    async with connected(deployment.served.url, deployment.headers[mode], transport, era) as client:
        assert client.protocol_version == ("2026-07-28" if era == "auto" else "2025-11-25")
        assert len((await client.list_tools()).tools) > 10
        assert segments_in(await client.call_tool("list_all_flodesk_segments")) == ["Friends of ann"]


@pytest.mark.parametrize("transport", ["http", "sse"])
async def test_without_a_mode_this_machine_gets_in(
    tmp_path: Path, deployment: Deployment, transport: Transport
) -> None:
    with serve(tmp_path / "log", FLODESK_BASE_URL=deployment.flodesk_url, FLODESK_API_KEY="key-ann") as served:
        async with connected(served.url, {}, transport, "auto") as client:
            assert segments_in(await client.call_tool("list_all_flodesk_segments")) == ["Friends of ann"]


async def test_what_a_connection_was_opened_with_holds_for_its_messages(deployment: Deployment) -> None:
    url = f"{deployment.served.url}/sse?toolsets=segments&read_only=1"
    async with Client(sse_client(url, headers=ANN), mode="legacy") as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        refused = await client.call_tool("create_a_flodesk_segment", {"name": "New"})
    assert "list_all_flodesk_segments" in names
    assert not {name for name in names if "create" in name or "subscriber" in name}
    assert refused.is_error


async def test_personal_data_that_a_connection_was_opened_to_mask_is_masked_for_its_messages(
    deployment: Deployment,
) -> None:
    person = {"email": "ada@example.com", "first_name": "Ada"}
    for query, email in (("", "ada@example.com"), ("?personal_data=masked", "a***@e***.com")):
        async with Client(sse_client(f"{deployment.served.url}/sse{query}", headers=ANN), mode="legacy") as client:
            saved = await client.call_tool("create_a_flodesk_subscriber", person)
        assert (saved.structured_content or {})["email"] == email


async def test_a_connection_takes_messages_of_its_own_caller_alone(deployment: Deployment) -> None:
    url = deployment.served.url
    async with (
        httpx2.AsyncClient(headers=JSON, timeout=10) as http,
        http.stream("GET", f"{url}/sse", headers=ANN) as stream,
    ):
        lines = stream.aiter_lines()
        messages = next(
            line.removeprefix("data: ") for line in [await anext(lines) for _ in range(2)] if "session_id" in line
        )
        for headers, status in (({}, 401), (BEN, 401), (deployment.headers["tokens"], 404)):
            answer = await http.post(f"{url}{messages}", json=LIST_SEGMENTS, headers=headers)
            assert answer.status_code == status
        assert (await http.post(f"{url}{messages}", json=LIST_SEGMENTS, headers=ANN)).status_code == 202


def exchange(served: Served, request: bytes) -> bytes:
    """Send bytes as they are and return all that comes back."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


SMUGGLED = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-Flodesk-Api-Key: key-ann\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GARBAGE\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n", b"400"),
        (b"GET /../mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"404"),
        (b"GET //mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"404"),
        (b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-Flodesk-Api-Key : key-ann\r\nConnection: close\r\n\r\n", b"400"),
        (b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 99\r\n\r\n{}{}", b"400"),
        (b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"400"),
        (
            b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Length: 5\r\n\r\n0\r\n\r\n" + SMUGGLED,
            b"401",
        ),
        (b"GET /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n", b"401"),
    ],
)
def test_malformed_requests_get_one_refusal_and_nothing_behind_them_is_served(
    deployment: Deployment, request_: bytes, status: bytes
) -> None:
    answer = exchange(deployment.served, request_)
    assert answer.startswith(b"HTTP/1.1 " + status), answer[:200]
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_head_without_end_is_cut_off(deployment: Deployment) -> None:
    with socket.create_connection(("127.0.0.1", deployment.served.port), timeout=20) as connection:
        with suppress(ConnectionError):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 1_000_000)
        with suppress(ConnectionError):
            assert connection.recv(12) in {b"HTTP/1.1 400", b""}


def test_running_calls_end_before_the_process_does(tmp_path: Path) -> None:
    arrived = threading.Event()

    async def slowly(_: Request) -> JSONResponse:
        import anyio

        arrived.set()
        await anyio.sleep(1)
        return JSONResponse({"data": [], "meta": {"page": 1, "per_page": 20, "total_items": 0, "total_pages": 1}})

    listening = threading.Event()
    answers: list[httpx2.Response] = []

    def ask(url: str) -> None:
        answers.append(httpx2.post(f"{url}/mcp", json=LIST_SEGMENTS, headers=JSON, timeout=20))

    def listen(url: str) -> None:
        with suppress(httpx2.TransportError), httpx2.stream("GET", f"{url}/sse", timeout=20) as stream:
            for _ in stream.iter_lines():
                listening.set()

    with (
        serve_in_thread(Starlette(routes=[Route("/v1/segments", slowly)])) as url,
        serve(tmp_path / "log", FLODESK_BASE_URL=f"{url}/v1", FLODESK_API_KEY="key") as served,
    ):
        threads = [threading.Thread(target=work, args=[served.url]) for work in (ask, listen)]
        for thread in threads:
            thread.start()
        assert arrived.wait(10)
        assert listening.wait(10)
        os.kill(served.process.pid, signal.SIGTERM)
        assert served.process.wait(20) in {0, -signal.SIGTERM}
        for thread in threads:
            thread.join(10)
    assert '"total_items":0' in answers[0].text


def test_a_call_that_the_end_of_the_process_breaks_off_is_told_so(tmp_path: Path) -> None:
    arrived, is_over = threading.Event(), threading.Event()

    async def never(_: Request) -> JSONResponse:
        import anyio.to_thread

        arrived.set()
        await anyio.to_thread.run_sync(is_over.wait)
        return JSONResponse({})

    answers: list[httpx2.Response] = []

    def ask(url: str) -> None:
        answers.append(httpx2.post(f"{url}/mcp", json=NEWEST, headers=JSON | NEWEST_HEADERS, timeout=20))

    with (
        serve_in_thread(Starlette(routes=[Route("/v1/segments", never)])) as url,
        serve(tmp_path / "log", FLODESK_BASE_URL=f"{url}/v1", FLODESK_API_KEY="key") as served,
    ):
        asking = threading.Thread(target=ask, args=[served.url])
        asking.start()
        assert arrived.wait(10)
        os.kill(served.process.pid, signal.SIGTERM)
        assert served.process.wait(20) in {0, -signal.SIGTERM}
        asking.join(10)
        is_over.set()
    assert answers[0].status_code == 500
    assert answers[0].text == (
        "This server was stopped before the call ended. It may have worked: look before you repeat it.\n"
    )
    assert "X-Request-Id" in answers[0].headers
