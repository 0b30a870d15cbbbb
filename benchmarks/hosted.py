"""The hosted server against a bare `mcp` server whose one tool asks the same of the same Flodesk.

The load comes from this process, in rounds that alternate between the servers, so that whatever else the machine does
hits all. What counts first is the processor's time in the server: throughput alone hides it, because the load and
Flodesk share the processors.
"""

import statistics
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import httpx2

from benchmarks.hosted_servers import ACCOUNTS, MODES, TOOL, callers_of, run_bare, run_flodesk, run_traced, served

__all__ = ["NEWEST", "ROUNDS", "Measured", "load", "ratio"]

CLIENTS = 200
CALLS_PER_ROUND = 400
ROUNDS = 10
MOST_CPU = 1.2
LEAST_THROUGHPUT = 0.85

HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
META = "io.modelcontextprotocol/"
NEWEST, OLDER = "2026-07-28", "2025-11-25"


@dataclass
class Measured:
    """A server, of one process or several, under the load of one revision: its accounts, and what was measured."""

    name: str
    revision: str
    processes: list[tuple[str, int]]
    callers: list[dict[str, str]]
    calls_per_second: list[float] = field(default_factory=list)
    cpu_milliseconds: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    def forget(self) -> None:
        """Forget what was measured so far."""
        for measured in (self.calls_per_second, self.cpu_milliseconds, self.milliseconds):
            measured.clear()

    def cpu_seconds(self) -> float:
        """Return the processor's time of all its processes so far, user and system."""
        return sum(_cpu_seconds(pid) for _, pid in self.processes)


def main(modes: list[str]) -> int:
    """Measure, print a table, and return 1 when the hosted server costs more than wanted."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        flodesk = f"{stack.enter_context(served('flodesk'))[0]}/v1"
        keys = iter(range(2 * ACCOUNTS, 10**9))
        process = stack.enter_context(served("bare", BENCHMARK_FLODESK=flodesk))
        bare = [Measured("bare mcp server", revision, [process], [{}] * ACCOUNTS) for revision in (OLDER, NEWEST)]
        ours = []
        for mode in modes:
            callers, told = callers_of(mode, folder, [f"key-{next(keys)}" for _ in range(2 * ACCOUNTS)])
            process = stack.enter_context(served(mode, FLODESK_BASE_URL=flodesk, **told))
            for revision, own in ((OLDER, callers[:ACCOUNTS]), (NEWEST, callers[ACCOUNTS:])):
                ours.append(Measured(f"flodesk-mcp, {mode}", revision, [process], own))
        anyio.run(load, [*bare, *ours])
        return _report(bare, ours)


async def load(servers: list[Measured], rounds: int = ROUNDS) -> None:
    """Measure each server in turn, so many times."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=20)
    async with httpx2.AsyncClient(headers=HEADERS, timeout=60, limits=limits) as http:
        for server in servers:
            await _round(http, server, CLIENTS)
            server.forget()
        for _ in range(rounds):
            for server in servers:
                await _round(http, server, CALLS_PER_ROUND)


async def _round(http: httpx2.AsyncClient, server: Measured, calls: int) -> None:
    body, headers = _call(server.revision)

    async def client(number: int) -> None:
        url, _ = server.processes[number // ACCOUNTS % len(server.processes)]  # each account at all of them
        for _ in range(calls // CLIENTS):
            began = time.perf_counter()
            shown = server.callers[number % ACCOUNTS]
            answer = await http.post(f"{url}/mcp", json=body, headers=headers | shown)
            server.milliseconds.append((time.perf_counter() - began) * 1000)
            if '"isError":false' not in answer.text:
                raise AssertionError(answer.text)

    began, spent = time.perf_counter(), server.cpu_seconds()
    async with anyio.create_task_group() as group:
        for number in range(CLIENTS):
            group.start_soon(client, number)
    server.calls_per_second.append(calls / (time.perf_counter() - began))
    server.cpu_milliseconds.append((server.cpu_seconds() - spent) / calls * 1000)


def _call(revision: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a call in a revision of the protocol, and the headers that belong to it."""
    params: dict[str, Any] = {"name": TOOL, "arguments": {}}
    headers = {"MCP-Protocol-Version": revision}
    if revision == NEWEST:
        params["_meta"] = {
            f"{META}protocolVersion": revision,
            f"{META}clientInfo": {"name": "bench", "version": "1"},
            f"{META}clientCapabilities": {},
        }
        headers |= {"Mcp-Method": "tools/call", "Mcp-Name": TOOL}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}, headers


def _report(bare: list[Measured], ours: list[Measured]) -> int:
    columns = (("revision", 11), ("cpu ms", 8), ("of bare", 9), ("calls/s", 9), ("of bare", 9))
    times = (("p50 ms", 8), ("p95 ms", 8), ("MiB", 6))
    print(" " * 20 + "".join(f"{name:>{width}}" for name, width in (*columns, *times)))
    missed = False
    for server in [*bare, *ours]:
        beside = next(each for each in bare if each.revision == server.revision)
        cpu = ratio(server.cpu_milliseconds, beside.cpu_milliseconds)
        calls = ratio(server.calls_per_second, beside.calls_per_second)
        slowest = statistics.quantiles(server.milliseconds, n=20)
        print(
            f"{server.name:20}{server.revision:>11}{statistics.median(server.cpu_milliseconds):8.2f}{cpu:9.2f}"
            f"{statistics.median(server.calls_per_second):9.0f}{calls:9.2f}"
            f"{statistics.median(server.milliseconds):8.0f}{slowest[-1]:8.0f}{_resident_mib(server):6.0f}"
        )
        missed |= cpu > MOST_CPU or calls < LEAST_THROUGHPUT
    return 1 if missed else 0


def ratio(ours: list[float], bare: list[float]) -> float:
    """Return the median of the ratios of the rounds that stood beside each other."""
    return statistics.median(mine / its for mine, its in zip(ours, bare, strict=True))


def _cpu_seconds(pid: int) -> float:
    """Return the processor's time of a process, user and system. Source: clock_getcpuclockid(3)."""
    return time.clock_gettime(~pid << 3 | 2)


def _resident_mib(server: Measured) -> float:
    statuses = [Path(f"/proc/{pid}/status").read_text(encoding="ascii") for _, pid in server.processes]
    return sum(int(status.partition("VmRSS:")[2].split()[0]) for status in statuses) / 1024


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["flodesk", port]:
            run_flodesk(int(port))
        case ["bare", port]:
            run_bare(int(port))
        case ["traced", port]:
            run_traced(int(port))
        case chosen:
            sys.exit(main(chosen or list(MODES)))
