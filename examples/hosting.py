"""A hosted server for a recipe that takes events, with the sandbox in place of Flodesk, both on this machine."""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx2

from flodesk_mcp.sandbox import SANDBOX_API_KEY
from flodesk_mcp.store import new_key

COMMAND = [sys.executable, "-m", "flodesk_mcp"]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@asynccontextmanager
async def hosted(forward_url: str, forward_secret: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Run the server, with events of the account `studio` that go on to `forward_url`; yield a client of Flodesk.

    With your own account you run `flodesk-mcp serve` with these settings where Flodesk reaches it (docs/events.md).
    """
    server, flodesk = free_port(), free_port()
    async with AsyncExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        environment = {
            **os.environ,
            "FLODESK_BASE_URL": f"http://127.0.0.1:{flodesk}/v1",  # for your own account, leave it out
            "FLODESK_PUBLIC_URL": "https://flodesk.example.com",
            "FLODESK_AUTH": "tokens",
            "FLODESK_DATABASE_URL": f"sqlite:///{folder}/state.sqlite3",
            "FLODESK_ENCRYPTION_KEYS": new_key(),
            "FLODESK_FORWARD_URL": forward_url,
            "FLODESK_FORWARD_SECRET": forward_secret,
        }

        async def start(*arguments: str) -> None:
            quiet = asyncio.subprocess.DEVNULL
            process = await asyncio.create_subprocess_exec(*COMMAND, *arguments, env=environment, stdout=quiet)
            running.push_async_callback(process.wait)
            running.callback(process.terminate)

        async def run(*arguments: str, typed: str = "") -> None:
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(*COMMAND, *arguments, env=environment, stdin=pipe)
            await process.communicate(typed.encode())
            if process.returncode:
                sys.exit(process.returncode)

        await start("sandbox", "--port", str(flodesk), "--webhooks-to", f"http://127.0.0.1:{server}")
        await run("account", "add", "studio", typed=SANDBOX_API_KEY)
        await start("serve", "--port", str(server))
        at_flodesk = httpx2.AsyncClient(base_url=environment["FLODESK_BASE_URL"], auth=(SANDBOX_API_KEY, ""))
        await running.enter_async_context(at_flodesk)
        for url in (f"http://127.0.0.1:{server}/healthz", "segments"):
            await _until_it_answers(at_flodesk, url)
        await run("webhook", "receive", "studio", "--event", "subscriber.unsubscribed")
        yield at_flodesk


async def _until_it_answers(http: httpx2.AsyncClient, url: str) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                await http.get(url)
            except httpx2.TransportError:
                await asyncio.sleep(0.2)
            else:
                return
