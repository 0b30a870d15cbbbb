"""A flood of webhook events: what each costs a server that stores and answers it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import httpx2
from pydantic import SecretStr

from benchmarks.measure import Measure
from flodesk_mcp.store import Store, new_key

__all__ = ["measure_webhooks"]

EVENTS = 5_000
CONNECTIONS = 50
MILLISECONDS_EACH = 1000 / 500
"""500 a second, on one core."""

PORT = 18_473
SERVE = [sys.executable, "-m", "flodesk_mcp", "serve", "--auth", "tokens", "--sandbox", "--port", str(PORT)]


async def measure_webhooks() -> list[Measure]:
    """Return the CPU time that an event takes until it has its 200, on SQLite, with 50 that come at once."""
    with TemporaryDirectory() as folder:
        database, keys = f"sqlite:///{folder}/state.sqlite3", new_key()
        async with Store(database, SecretStr(keys)) as store:
            await store.accounts.add("studio", "api_key", "sandbox-key")
            (account,) = await store.accounts.names()
            path = f"/webhooks/{account}/{(await store.receivers.add(account)).secret}"
        settings = {"FLODESK_DATABASE_URL": database, "FLODESK_ENCRYPTION_KEYS": keys}
        with subprocess.Popen(SERVE, env={**os.environ, **settings}, stderr=subprocess.DEVNULL) as server:  # noqa: ASYNC220 - nothing else runs yet
            try:
                cpu = await _flood(server.pid, path)
            finally:
                server.kill()
    name = "CPU time of an event, stored and answered; 2 ms are 500 a second on one core"
    return [Measure(name, "ms", [(cpu / EVENTS * 1000, MILLISECONDS_EACH)], bound=1.5)]


async def _flood(server: int, path: str) -> float:
    """Return the seconds of the server's CPU that all events took. What gets 429 is posted again."""
    left = list(range(EVENTS))

    async def post_all() -> None:
        while left:
            body = json.dumps(
                {
                    "event_name": "subscriber.created",
                    "event_time": "2026-03-02T10:00:00Z",
                    "subscriber": {"id": f"person-{left.pop()}", "email": "somebody@example.com"},
                }
            )
            while (await http.post(path, content=body)).status_code != httpx2.codes.OK:  # noqa: ASYNC110
                await anyio.sleep(0.1)

    limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{PORT}", limits=limits, timeout=60) as http:
        await _until_it_answers(http)
        used = _cpu_seconds(server)
        async with anyio.create_task_group() as group:
            for _ in range(CONNECTIONS):
                group.start_soon(post_all)
        return _cpu_seconds(server) - used


async def _until_it_answers(http: httpx2.AsyncClient) -> None:
    with anyio.fail_after(60):
        while True:
            try:
                await http.get("/healthz")
            except httpx2.TransportError:
                await anyio.sleep(0.2)
            else:
                return


def _cpu_seconds(pid: int) -> float:
    """Return what a process has used so far, user and system. Source: proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
