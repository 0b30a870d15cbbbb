"""The real server as a process, with a real client on its pipes that leaves the process to the test."""

import json
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio.abc import Process
from mcp import Client
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter


@dataclass
class ServerProcess:
    """A running server, the client that talks to it, and all that came out of it so far."""

    process: Process
    stdout: bytearray = field(default_factory=bytearray)
    stderr: str = field(init=False)
    """What it said there, once it has ended."""
    client: Client = field(init=False)

    async def close_stdin(self) -> None:
        assert self.process.stdin
        await self.process.stdin.aclose()

    async def exit_code(self) -> int:
        """Wait for the end. The bound is generous: it is there to fail instead of hanging."""
        with anyio.fail_after(60):
            return await self.process.wait()

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What came on standard output; a line that is no JSON fails here."""
        return [json.loads(line) for line in self.stdout.decode().splitlines()]


@asynccontextmanager
async def server_process(
    *arguments: str, environment: Mapping[str, str], mode: str = "auto", python: Sequence[str] = ("-m", "flodesk_mcp")
) -> AsyncIterator[ServerProcess]:
    """Run the server with `arguments`, and kill it at the end if it still runs."""
    with tempfile.TemporaryFile() as stderr:
        process = await anyio.open_process(
            [sys.executable, *python, *arguments], env=dict(environment), stderr=stderr, start_new_session=True
        )
        server = ServerProcess(process)
        try:
            async with Client(_pipes(server), mode=mode) as server.client:
                yield server
        finally:
            if process.returncode is None:
                process.kill()
            with anyio.CancelScope(shield=True):
                await process.aclose()
            stderr.seek(0)
            server.stderr = stderr.read().decode()


@asynccontextmanager
async def _pipes(server: ServerProcess) -> AsyncIterator[tuple[Any, Any]]:
    """The client's transport: like the SDK's own, but it keeps what it reads and never ends the process."""
    to_client, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](100)
    outgoing, from_client = anyio.create_memory_object_stream[SessionMessage](0)
    stdin, stdout = server.process.stdin, server.process.stdout
    assert stdin
    assert stdout

    async def read() -> None:
        unread = b""
        async with to_client:
            async for chunk in stdout:
                server.stdout.extend(chunk)
                *lines, unread = (unread + chunk).split(b"\n")
                for line in lines:
                    await to_client.send(SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False)))

    async def write() -> None:
        async with from_client:
            async for message in from_client:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                await stdin.send(text.encode() + b"\n")

    async with anyio.create_task_group() as pipes, incoming, outgoing:
        pipes.start_soon(read)
        pipes.start_soon(write)
        yield incoming, outgoing
        pipes.cancel_scope.cancel()
