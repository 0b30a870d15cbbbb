"""Real processes on real time: the commands as people and clients start them."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from click.testing import CliRunner

from flodesk_mcp.cli.commands import cli
from flodesk_mcp.sandbox import SANDBOX_API_KEY, Sandbox

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """This process's environment, without what would change a command's behaviour; both are cleaned.

    A quota file of its own for each test: the sandbox forgets between them what was spent.
    """
    for name in list(os.environ):
        if name.startswith("FLODESK_") or name.lower().endswith("_proxy") or name in {"COLUMNS", "FORCE_COLOR"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("FLODESK_DATA_DIR", str(tmp_path / "data"))
    return dict(os.environ)


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Run a command to its end."""

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flodesk_mcp", *arguments],
            env=environment | settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def run_here(environment: dict[str, str]) -> Run:
    """Do the same in this process, which is many times faster: for what no process of its own can change."""

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        result = CliRunner().invoke(cli, arguments, env=settings, catch_exceptions=False)
        return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)

    return run


@dataclass(frozen=True)
class Served:
    """A sandbox over HTTP, and the settings that lead a server to it."""

    sandbox: Sandbox
    address: str

    @property
    def settings(self) -> dict[str, str]:
        return {"FLODESK_BASE_URL": f"{self.address}/v1", "FLODESK_API_KEY": SANDBOX_API_KEY}


@contextmanager
def serving(sandbox: Sandbox) -> Iterator[Served]:
    """Serve a sandbox over HTTP for as long as the block lasts."""
    started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]  # a subclass may take less
            await super().startup()
            started.set()

    server = Server(
        uvicorn.Config(
            sandbox.everything,
            interface="asgi3",
            port=0,
            log_config=None,
            log_level="critical",
            lifespan="off",
            ws="none",
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    assert started.wait(10)
    host, port = server.servers[0].sockets[0].getsockname()
    yield Served(sandbox, f"http://{host}:{port}")
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


@pytest.fixture(scope="session")
def _served() -> Iterator[Served]:
    with serving(Sandbox()) as served:
        yield served


@pytest.fixture
def served(_served: Served) -> Served:
    """A fresh sandbox over HTTP."""
    _served.sandbox.reset()
    return _served
