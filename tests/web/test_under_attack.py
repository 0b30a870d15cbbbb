"""Attacks on a real process, bounded in number and time, and what others notice of them."""

import json
import re
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from .calls import JSON, LIST_TOOLS, call
from .serving import Served, serve

ATTACKERS = 8
UNKNOWN = json.dumps(call("list_all_flodesk_segments", **{f"unknown_{number}": number for number in range(45_000)}))
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": "first",
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path / "log", "--sandbox") as served:
        yield served


def resident_mib(served: Served) -> int:
    status = Path(f"/proc/{served.process.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


def test_a_stream_that_nobody_reads_costs_no_memory_and_nobody_else(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as unread:
        unread.sendall(b"GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = b""
        while not (found := re.search(rb"session_id=[0-9a-f]{32}", head)):
            head += unread.recv(1000)
        url = f"{served.url}/messages/?{found[0].decode()}"
        with httpx2.Client(headers=JSON, timeout=30) as first:
            first.post(url, json=INITIALIZE)
            first.post(url, json={"jsonrpc": "2.0", "method": "notifications/initialized"})
        before = resident_mib(served)

        def post(numbers: range) -> Counter[int]:
            with httpx2.Client(headers=JSON, timeout=30) as client:
                return Counter(client.post(url, json=LIST_TOOLS | {"id": number}).status_code for number in numbers)

        with ThreadPoolExecutor(4) as pool:
            statuses = sum(pool.map(post, (range(start, start + 200) for start in range(0, 800, 200))), Counter())
        assert resident_mib(served) - before < 32
        assert set(statuses) == {202, 429}
        assert statuses[202] < 100
        assert httpx2.post(f"{served.url}/mcp", json=LIST_TOOLS, headers=JSON, timeout=10).status_code == 200


def test_a_megabyte_of_unknown_arguments_holds_nobody_else_up(served: Served) -> None:
    ended = threading.Event()

    def attack() -> None:
        with httpx2.Client(headers=JSON, timeout=60) as attacker:
            while not ended.is_set():
                assert attacker.post(f"{served.url}/mcp", content=UNKNOWN).status_code == 413

    with httpx2.Client(headers=JSON, timeout=60) as client, ThreadPoolExecutor(ATTACKERS) as pool:

        def seconds() -> float:
            began = time.perf_counter()
            assert client.post(f"{served.url}/mcp", json=LIST_TOOLS).status_code == 200
            return time.perf_counter() - began

        seconds()
        quiet = statistics.median(seconds() for _ in range(20))
        attackers = [pool.submit(attack) for _ in range(ATTACKERS)]
        try:
            time.sleep(1)
            attacked = statistics.median(seconds() for _ in range(20))
        finally:
            ended.set()
        for attacker in attackers:
            attacker.result()
    assert attacked < 5 * quiet + 0.1
