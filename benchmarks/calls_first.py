"""An export within a quota, in real time: how much of it an export uses alone, and how long a call waits beside it."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from benchmarks.measure import Measure
from benchmarks.processes import StdioServer, large_flodesk, stdio_server

__all__ = ["measure_calls_first"]

PEOPLE = 200_000
QUOTA = 100
WANTED = 0.97
LONGEST_WAIT = 1.5
ALONE_SECONDS = 90
CALLS = 15
BETWEEN_CALLS = 2.3
LOOKED_EVERY = 0.01


def measure_calls_first() -> list[Measure]:
    """Return what an export leaves of its quota when it is alone, and the longest wait of a call beside it."""
    with large_flodesk(PEOPLE) as address, TemporaryDirectory() as folder, httpx2.Client(base_url=address) as http:
        settings = {
            "FLODESK_API_KEY": "key",
            "FLODESK_BASE_URL": address,
            "FLODESK_REQUESTS_PER_MINUTE": str(QUOTA),
            "FLODESK_DATA_DIR": f"{folder}/data",
            "FLODESK_FOLDERS": folder,
            "FLODESK_TOOLSETS": "default,audience",
        }
        with stdio_server("flodesk_mcp", environment=settings) as server:
            server.list_tools()
            job = server.call("export_flodesk_subscribers", file=str(Path(folder) / "people.csv"))
            alone = _requests_a_minute(http)
            waited = []
            for _ in range(CALLS):
                time.sleep(BETWEEN_CALLS)
                waited.append(_called(server))
            if server.call("get_flodesk_job", job_id=job["job_id"])["state"] != "running":
                raise RuntimeError("The export ended too early: nothing was measured beside it.")
    return [
        Measure("Requests a minute: 97 % of the quota, by an export alone", "", [(WANTED * QUOTA, alone)], bound=1.0),
        Measure("Longest of 15 calls beside an export", "s", [(max(waited), LONGEST_WAIT)], bound=1.0),
    ]


def _called(server: StdioServer) -> float:
    """Return the seconds that a call of a person takes."""
    began = time.perf_counter()
    server.call("list_all_flodesk_subscribers", limit=1)
    return time.perf_counter() - began


def _requests_a_minute(http: httpx2.Client) -> float:
    """Return how many come in a minute, counted from one request to another, so that none is cut."""
    first, began = _next_request(http)
    time.sleep(ALONE_SECONDS)
    last, ended = _next_request(http)
    return (last - first) / (ended - began) * 60


def _next_request(http: httpx2.Client) -> tuple[int, float]:
    """Wait for the next request; return its number, and when it came."""
    number = before = _number(http)
    while number == before:
        time.sleep(LOOKED_EVERY)
        number = _number(http)
    return number, time.perf_counter()


def _number(http: httpx2.Client) -> int:
    return int(http.get("/requests").json())
