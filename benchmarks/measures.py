"""What is measured: ours and the bare one in turn, so that whatever else the machine does falls on both."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import httpx2

from benchmarks.measure import Measure
from benchmarks.processes import StdioServer, sandbox_address, stdio_server
from flodesk_mcp.sandbox import SANDBOX_API_KEY

__all__ = ["measure_all"]

STARTS = 25
ENOUGH_STARTS = 9
LONGEST_SECONDS = 60
CALLS = 600
WARM_UP = 50

TOOL = "get_single_flodesk_subscriber_by_id"
UNREACHED = "1000000"

Start = Callable[[], AbstractContextManager[StdioServer]]


async def measure_all() -> tuple[list[Measure], list[dict[str, Any]]]:
    """Return the measures, and the tools that our server advertises."""
    with sandbox_address() as address, TemporaryDirectory() as folder:
        async with httpx2.AsyncClient(base_url=address, auth=(SANDBOX_API_KEY, "")) as http:
            person = (await http.get("/subscribers", params={"per_page": 1})).json()["data"][0]
            settings = {
                "FLODESK_API_KEY": SANDBOX_API_KEY,
                "FLODESK_BASE_URL": address,
                "FLODESK_REQUESTS_PER_MINUTE": UNREACHED,
                "FLODESK_DATA_DIR": folder,
            }
            ours: Start = partial(stdio_server, "flodesk_mcp", environment=settings)
            bare: Start = partial(stdio_server, "benchmarks.bare_server", json.dumps(person), environment={})
            with ours() as server:
                tools = server.list_tools()
            started = _starts(ours, bare, person["id"])
            called = await _calls(ours, bare, http, person["id"])
            return [*started, called], tools


def _starts(ours: Start, bare: Start, id: str) -> list[Measure]:
    times: list[tuple[float, float]] = []
    memory: list[tuple[float, float]] = []
    began = perf_counter()
    while len(times) < STARTS:
        if len(times) >= ENOUGH_STARTS and perf_counter() - began > LONGEST_SECONDS:
            break  # a busy machine
        our_time, our_memory = _start(ours, TOOL, id)
        bare_time, bare_memory = _start(bare, "get_subscriber", id)
        times.append((our_time, bare_time))
        memory.append((our_memory, bare_memory))
    return [
        Measure("Start to the first tools/list reply", "ms", times, bound=1.15),
        Measure("Memory while serving", "MiB", memory, bound=1.15),
    ]


def _start(server: Start, tool: str, id: str) -> tuple[float, float]:
    began = perf_counter()
    with server() as running:
        running.list_tools()
        milliseconds = (perf_counter() - began) * 1000
        running.call(tool, id_or_email=id)
        return milliseconds, running.resident_bytes() / 2**20


async def _calls(ours: Start, bare: Start, http: httpx2.AsyncClient, id: str) -> Measure:
    pairs = []
    with ours() as our_server, bare() as bare_server:
        our_server.list_tools()
        bare_server.list_tools()
        for _ in range(WARM_UP + CALLS):
            began = perf_counter()
            our_server.call(TOOL, id_or_email=id)
            called = perf_counter()
            bare_server.call("get_subscriber", id_or_email=id)
            (await http.get(f"/subscribers/{id}")).json()
            ended = perf_counter()
            pairs.append(((called - began) * 1000, (ended - called) * 1000))
    return Measure("One tool call", "ms", pairs[WARM_UP:], bound=1.3)
