"""The tools of those who run the channels, where `.ci/packages` has installed them."""

import json
import os
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from cli.conftest import Served, _served, served

__all__ = ["ROOT", "Packagers", "Served", "_served", "read", "served", "started"]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Packagers:
    """Where the tools are, and how they run."""

    place: Path

    @property
    def uv(self) -> Path:
        return self.place / "venv" / "bin" / "uv"

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment without what would change a server's behaviour, and no account of anybody's."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FLODESK_")}
        path = f"{self.place}/venv/bin:{self.place}/node_modules/.bin:{kept['PATH']}"
        return {**kept, "PATH": path, "UV_CACHE_DIR": f"{self.place}/uv-cache", "VIRTUAL_ENV": ""}

    def run(self, *command: str | Path, cwd: Path = ROOT) -> str:
        """Run a tool to its end, and return what it said; it must succeed."""
        ended = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=self.environment | {"CLAUDE_CONFIG_DIR": f"{self.place}/claude"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr


@pytest.fixture(scope="session")
def packagers() -> Packagers:
    """The tools of the channels, or a skip."""
    place = os.environ.get("PACKAGERS")
    if not place:
        pytest.skip("the tools of the channels are not here: .ci/packages brings them from npm and PyPI, and runs this")
    return Packagers(Path(place))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def started(config: Mapping[str, Any], packagers: Packagers) -> AsyncIterator[Client]:
    """Start a server as a client does that was told `config`: with these variables, and none of ours."""
    server = StdioServerParameters(
        command=config["command"], args=config["args"], env=packagers.environment | config.get("env", {})
    )
    async with Client(server) as client:
        yield client


def read(name: str) -> Any:
    """Return what a manifest says."""
    return json.loads((ROOT / name).read_text(encoding="utf-8"))
