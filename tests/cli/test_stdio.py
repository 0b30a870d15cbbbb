"""The server as a process: nothing but protocol on stdout, and a clean end however it comes."""

import signal
from functools import partial
from typing import Any

import anyio
import pytest
from mcp import MCPError
from mcp.shared.dispatcher import ProgressFnT

from flodesk_mcp.sandbox import SANDBOX_API_KEY, Fault

from .conftest import Served
from .server_process import ServerProcess, server_process

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])]

NOISY_DEPENDENCIES = """
import os, subprocess, sys
import httpx2

class NoisyImports:
    def find_spec(self, name, path=None, target=None):
        if not name.startswith("flodesk_mcp"):
            print("import of", name, flush=True)

async def noisy_send(client, *arguments, **options):
    print("printed and flushed", flush=True)
    print("printed and left in the buffer")
    os.write(1, b"written to the descriptor\\n")
    subprocess.run(["echo", "said by a child"])
    return await quiet_send(client, *arguments, **options)

quiet_send, httpx2.AsyncClient.send = httpx2.AsyncClient.send, noisy_send
from flodesk_mcp.__main__ import main
sys.meta_path.insert(0, NoisyImports())
main()
"""


async def test_stdout_holds_nothing_but_protocol_whatever_a_dependency_prints(
    mode: str, environment: dict[str, str]
) -> None:
    noisy = ("-c", NOISY_DEPENDENCIES)
    async with server_process("--sandbox", environment=environment, mode=mode, python=noisy) as server:
        result = await server.client.call_tool("list_all_flodesk_segment_colors", {})
        await server.close_stdin()
        assert await server.exit_code() == 0
    assert not result.is_error
    assert [message["jsonrpc"] for message in server.messages] == ["2.0"] * len(server.messages)
    for noise in (
        "import of click",
        "import of mcp",
        "flushed",
        "left in the buffer",
        "to the descriptor",
        "by a child",
    ):
        assert noise in server.stderr


async def test_the_server_ends_when_stdin_is_closed(mode: str, environment: dict[str, str]) -> None:
    async with server_process("--sandbox", environment=environment, mode=mode) as server:
        await server.client.list_tools()
        await server.close_stdin()
        assert await server.exit_code() == 0
    assert server.stderr == ""


async def test_the_server_ends_when_stdin_is_closed_while_a_call_waits_for_quota(
    mode: str, environment: dict[str, str]
) -> None:
    slow = ("--sandbox", "--requests-per-minute=1", "--max-wait-seconds=600")
    async with server_process(*slow, environment=environment, mode=mode) as server:
        await server.client.call_tool("list_all_flodesk_segments", {})
        waits = anyio.Event()

        async def progress(progress: float, total: float | None, message: str | None) -> None:
            waits.set()

        async with anyio.create_task_group() as calls:
            calls.start_soon(partial(_call_until_cut_off, server, "list_all_flodesk_segments", {}, progress))
            with anyio.fail_after(60):
                await waits.wait()
            await server.close_stdin()
            assert await server.exit_code() == 0
    assert server.stderr == ""


@pytest.mark.parametrize("end", ["stdin", signal.SIGTERM, signal.SIGINT])
async def test_the_server_ends_cleanly_while_flodesk_hangs(
    mode: str, end: signal.Signals | str, environment: dict[str, str], served: Served
) -> None:
    served.sandbox.fail(Fault("hang"))
    async with (
        server_process(environment=environment | served.settings, mode=mode) as server,
        anyio.create_task_group() as calls,
    ):
        calls.start_soon(_call_until_cut_off, server, "list_all_flodesk_segments", {})
        await _arrival(served, "GET /v1/segments")
        if isinstance(end, signal.Signals):
            server.process.send_signal(end)
        else:
            await server.close_stdin()
        assert await server.exit_code() == 0
    assert server.stderr == ""


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_the_server_ends_at_a_signal(mode: str, stop: signal.Signals, environment: dict[str, str]) -> None:
    async with server_process("--sandbox", environment=environment, mode=mode) as server:
        await server.client.list_tools()
        server.process.send_signal(stop)
        assert await server.exit_code() == 0
    assert server.stderr == ""


WRITES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("create_a_flodesk_subscriber", {"email": "jane@example.com", "first_name": "Jane"}, "POST /v1/subscribers"),
    ("create_a_flodesk_segment", {"name": "Tulips"}, "POST /v1/segments"),
)


@pytest.mark.parametrize(("tool", "arguments", "request_line"), WRITES)
async def test_a_write_that_is_killed_happens_once_after_a_restart(
    mode: str, tool: str, arguments: dict[str, Any], request_line: str, environment: dict[str, str], served: Served
) -> None:
    served.sandbox.fail(Fault("hang", method="POST"))
    settings = environment | served.settings
    async with server_process(environment=settings, mode=mode) as server, anyio.create_task_group() as calls:
        calls.start_soon(_call_until_cut_off, server, tool, arguments)
        await _arrival(served, request_line)
        server.process.kill()
        assert await server.exit_code() == -signal.SIGKILL
    assert _written(served) == 0
    async with server_process(environment=settings, mode=mode) as server:
        result = await server.client.call_tool(tool, arguments)
    assert not result.is_error
    assert _written(served) == 1


async def test_a_write_that_was_done_when_the_server_was_killed_is_there_and_not_doubled_by_a_repeat(
    mode: str, environment: dict[str, str], served: Served
) -> None:
    tool, arguments = "create_a_flodesk_subscriber", {"email": "jane@example.com"}
    served.sandbox.fail(Fault("hang_after", method="POST"))
    settings = environment | served.settings
    async with server_process(environment=settings, mode=mode) as server, anyio.create_task_group() as calls:
        calls.start_soon(_call_until_cut_off, server, tool, arguments)
        with anyio.fail_after(60):
            while not _written(served):  # noqa: ASYNC110 - it is done in another thread
                await anyio.sleep(0.01)
        server.process.kill()
        assert await server.exit_code() == -signal.SIGKILL
    async with server_process(environment=settings, mode=mode) as server:
        result = await server.client.call_tool(tool, arguments)
    assert not result.is_error
    assert _written(served) == 1


async def _call_until_cut_off(
    server: ServerProcess, tool: str, arguments: dict[str, Any], progress: ProgressFnT | None = None
) -> None:
    with pytest.raises(MCPError):
        await server.client.call_tool(tool, arguments, progress_callback=progress)


async def _arrival(served: Served, request_line: str) -> None:
    """Wait until a request has arrived at the sandbox."""
    with anyio.fail_after(60):
        while request_line not in _request_lines(served):  # noqa: ASYNC110 - they arrive in another thread
            await anyio.sleep(0.01)


def _request_lines(served: Served) -> set[str]:
    return {f"{request.method} {request.path}" for request in list(served.sandbox.requests)}


def _written(served: Served) -> int:
    """Count what the writes leave behind."""
    account = served.sandbox.accounts[SANDBOX_API_KEY]
    names = [segment.name for segment in account.segments.values()]
    return names.count("Tulips") + [person.email for person in account.subscribers.values()].count("jane@example.com")
