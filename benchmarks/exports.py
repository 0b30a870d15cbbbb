"""An export of many people against a bare loop that writes the same file, and what it needs of memory."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Measure
from benchmarks.processes import StdioServer, large_flodesk, stdio_server

__all__ = ["measure_exports"]

FEW, MANY = 20_000, 200_000
SLOWEST = 1 / 0.6
MOST_MIB = 40.0
UNREACHED = "1000000"
WATCHED_EVERY = 0.02


class Memory:
    """The most that a server had in memory so far, in MiB."""

    def __init__(self, server: StdioServer) -> None:
        self.idle = self.most = server.resident_bytes() / 2**20
        self._server = server
        self._ended = threading.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look again and again for as long as the block lasts."""
        watching = threading.Thread(target=self._watch)
        watching.start()
        try:
            yield
        finally:
            self._ended.set()
            watching.join()

    def _watch(self) -> None:
        while not self._ended.wait(WATCHED_EVERY):
            self.most = max(self.most, self._server.resident_bytes() / 2**20)


def measure_exports() -> list[Measure]:
    """Return how long an export takes, and what it needs."""
    _, _, few = _exported(FEW)
    ours, bare, many = _exported(MANY)
    return [
        Measure(f"Export of {MANY:,} people, without a quota", "s", [(ours, bare)], bound=SLOWEST),
        Measure("Memory of it above the idle server", "MiB", [(many.most - many.idle, MOST_MIB)], bound=1.0),
        Measure(f"Memory while exporting {MANY:,} and {FEW:,} people", "MiB", [(many.most, few.most)], bound=1.1),
    ]


def _exported(people: int) -> tuple[float, float, Memory]:
    """Return the seconds that we took, those of the bare loop, and our memory."""
    with large_flodesk(people) as address, TemporaryDirectory() as folder:
        bare_file, our_file = Path(folder) / "bare.csv", Path(folder) / "ours.csv"
        command = [sys.executable, "-m", "benchmarks.bare_export", address, str(bare_file)]
        bare = float(subprocess.check_output(command))
        settings = {
            "FLODESK_API_KEY": "key",
            "FLODESK_BASE_URL": address,
            "FLODESK_REQUESTS_PER_MINUTE": UNREACHED,
            "FLODESK_DATA_DIR": f"{folder}/data",
            "FLODESK_FOLDERS": folder,
            "FLODESK_TOOLSETS": "default,audience",
        }
        with stdio_server("flodesk_mcp", environment=settings) as server:
            server.list_tools()
            server.call("list_all_flodesk_segments")  # the first request reads certificates, for either
            memory = Memory(server)
            with memory.watched():
                began = time.perf_counter()
                job = server.call("export_flodesk_subscribers", file=str(our_file))
                while job["state"] in {"running", "waiting"}:
                    job = server.call("get_flodesk_job", job_id=job["job_id"], wait_seconds=25)
                ours = time.perf_counter() - began
        if bare_file.read_text("utf-8").splitlines() != our_file.read_text("utf-8").splitlines():
            raise RuntimeError("The two files differ: their times cannot be compared.")
        return ours, bare, memory
