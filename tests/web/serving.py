"""Real servers: in a thread, or as a process of its own."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import uvicorn
from starlette.applications import Starlette

from ports import free_port

MOST_FILES = "MOST_FILES"
"""A variable that limits the files which a process may have open."""


@dataclass
class Served:
    """A running `flodesk-mcp serve`."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


def serve(log: Path, *flags: str, port: str | None = None, **environment: str) -> AbstractContextManager[Served]:
    """Run the command on a free port, or on `port`, until the block ends. Its log must hold no traceback."""
    return serve_program(("flodesk_mcp", "serve", "--port"), log, *flags, port=port, **environment)


@contextmanager
def serve_program(
    program: Sequence[str], log: Path, *flags: str, port: str | None = None, **environment: str
) -> Iterator[Served]:
    """Run a module that takes its port last, as `serve` does."""
    port = port or str(free_port())
    variables = {name: value for name, value in os.environ.items() if not name.startswith("FLODESK_")} | environment
    command = [sys.executable, "-m", *program, port, *flags]
    if MOST_FILES in environment:
        command = ["sh", "-c", f'ulimit -n {environment[MOST_FILES]} && exec "$0" "$@"', *command]
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, env=variables, stderr=stderr)
        served = Served(f"http://127.0.0.1:{port}", process, log)
        try:
            _wait_until_it_answers(served)
            yield served
        finally:
            process.terminate()
            process.wait(20)
    assert " at /" not in log.read_text(), log.read_text()


def _wait_until_it_answers(served: Served) -> None:
    for _ in range(200):
        try:
            httpx2.get(f"{served.url}/healthz")
        except httpx2.TransportError:
            assert served.process.poll() is None, served.log.read_text()
            time.sleep(0.1)
        else:
            return
    raise AssertionError(served.log.read_text())


@contextmanager
def serve_in_thread(app: Starlette) -> Iterator[str]:
    """Serve `app` on a free port of this machine and yield its address."""
    started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override] # as in uvicorn
            await super().startup()
            started.set()

    server = Server(uvicorn.Config(app, port=0, log_config=None, log_level="critical", ws="none", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert started.wait(10)
        host, port = server.servers[0].sockets[0].getsockname()
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()
