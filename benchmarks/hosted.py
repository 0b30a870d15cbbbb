"""The hosted server against a bare `mcp` server whose one tool asks the same of the same Flodesk.

Three kinds of process: an embedded Flodesk with 50 accounts, the bare server, and `flodesk-mcp serve` in two modes. The
load comes from this one, in rounds that alternate between the servers, so that whatever else the machine does hits all.
"""

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import httpx2
from pydantic import SecretStr

ACCOUNTS = 50
CLIENTS = 50
CALLS_PER_ROUND = 1000
ROUNDS = 4
WANTED_RATIO = 0.7

HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
TOOL = "list_all_flodesk_segments"


@dataclass
class Measured:
    """A server under load: how each of its accounts is shown, and what was measured."""

    name: str
    url: str
    pid: int
    callers: list[dict[str, str]]
    calls_per_second: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        """The round that the machine disturbed least."""
        return max(self.calls_per_second)


def main() -> int:
    """Measure, print a table, and return 1 when the hosted server is slower than wanted."""
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        flodesk = f"{stack.enter_context(_serve('flodesk'))[0]}/v1"
        servers = [
            _measured(stack, "bare mcp server", "bare", [{}] * ACCOUNTS, BENCHMARK_FLODESK=flodesk),
            _measured(
                stack,
                "flodesk-mcp, headers",
                "headers",
                [{"X-Flodesk-Api-Key": f"key-{number}"} for number in range(ACCOUNTS)],
                FLODESK_BASE_URL=flodesk,
            ),
            _with_tokens(stack, Path(folder), flodesk),
        ]
        anyio.run(_load, servers)
        return _report(servers)


async def _load(servers: list[Measured]) -> None:
    limits = httpx2.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
    async with httpx2.AsyncClient(headers=HEADERS, timeout=60, limits=limits) as http:
        for server in servers:
            await _round(http, server, CLIENTS)
            server.calls_per_second.clear()
            server.milliseconds.clear()
        for _ in range(ROUNDS):
            for server in servers:
                await _round(http, server, CALLS_PER_ROUND)


async def _round(http: httpx2.AsyncClient, server: Measured, calls: int) -> None:
    async def client(number: int) -> None:
        for _ in range(calls // CLIENTS):
            began = time.perf_counter()
            answer = await http.post(f"{server.url}/mcp", json=_call(), headers=server.callers[number % ACCOUNTS])
            server.milliseconds.append((time.perf_counter() - began) * 1000)
            if '"isError":false' not in answer.text:
                raise AssertionError(answer.text)

    began = time.perf_counter()
    async with anyio.create_task_group() as group:
        for number in range(CLIENTS):
            group.start_soon(client, number)
    server.calls_per_second.append(calls / (time.perf_counter() - began))


def _call() -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": TOOL, "arguments": {}}}


def _report(servers: list[Measured]) -> int:
    bare = servers[0]
    print(f"{'':22}{'calls/s':>9}{'of bare':>9}{'p50 ms':>8}{'p95 ms':>8}{'MiB':>6}")
    for server in servers:
        slowest = statistics.quantiles(server.milliseconds, n=20)
        print(
            f"{server.name:22}{server.best:9.0f}{server.best / bare.best:9.2f}"
            f"{statistics.median(server.milliseconds):8.0f}{slowest[-1]:8.0f}{_resident_mib(server.pid):6.0f}"
        )
    return 0 if all(server.best / bare.best >= WANTED_RATIO for server in servers) else 1


def _measured(stack: ExitStack, name: str, role: str, callers: list[dict[str, str]], **environment: str) -> Measured:
    url, pid = stack.enter_context(_serve(role, **environment))
    return Measured(name, url, pid, callers)


def _with_tokens(stack: ExitStack, folder: Path, flodesk: str) -> Measured:
    from flodesk_mcp.store import Store, TokenLimits, new_key

    database_url, key = f"sqlite:///{folder}/state.sqlite3", new_key()

    async def prepare() -> list[dict[str, str]]:
        async with Store(database_url, SecretStr(key)) as store:
            for number in range(ACCOUNTS):
                await store.accounts.add(f"account-{number}", "api_key", f"key-{number + ACCOUNTS}")
            made = [
                await store.tokens.create(f"{number}", f"account-{number}", TokenLimits()) for number in range(ACCOUNTS)
            ]
        return [{"Authorization": f"Bearer {token}"} for token in made]

    callers = anyio.run(prepare)
    return _measured(
        stack,
        "flodesk-mcp, tokens",
        "tokens",
        callers,
        FLODESK_BASE_URL=flodesk,
        FLODESK_DATABASE_URL=database_url,
        FLODESK_ENCRYPTION_KEYS=key,
    )


@contextmanager
def _serve(role: str, **environment: str) -> Iterator[tuple[str, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.hosted", role, str(port)]
    if role in {"headers", "tokens"}:
        command = [sys.executable, "-m", "flodesk_mcp", "serve", "--port", str(port), "--auth", role]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("FLODESK_")}
    process = subprocess.Popen(command, env=variables | environment, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                httpx2.get(f"http://127.0.0.1:{port}/healthz")
                break
            except httpx2.TransportError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(20)


def _serve_flodesk(port: int) -> None:
    import uvicorn

    from flodesk_mcp.sandbox import Sandbox, sample_account

    sandbox = Sandbox(accounts={f"key-{number}": sample_account() for number in range(3 * ACCOUNTS)})
    uvicorn.run(sandbox.app, port=port, log_level="error")


def _serve_bare(port: int) -> None:
    import uvicorn
    from mcp.server.mcpserver import MCPServer

    server = MCPServer("bare", log_level="ERROR")
    http = httpx2.AsyncClient(timeout=60)
    accounts = iter(range(10**9))

    @server.tool(name=TOOL)
    async def list_all_flodesk_segments() -> dict[str, Any]:
        # Each call as another account, or Flodesk's quota would end the comparison.
        auth = (f"key-{2 * ACCOUNTS + next(accounts) % ACCOUNTS}", "")
        answer = await http.get(
            f"{os.environ['BENCHMARK_FLODESK']}/segments", params={"page": 1, "per_page": 20}, auth=auth
        )
        result: dict[str, Any] = answer.raise_for_status().json()
        return result

    uvicorn.run(server.streamable_http_app(stateless_http=True), port=port, log_level="error")


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["flodesk", port]:
            _serve_flodesk(int(port))
        case ["bare", port]:
            _serve_bare(int(port))
        case _:
            sys.exit(main())
