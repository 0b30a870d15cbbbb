"""A computer with a keychain: what is entered into commands there, and what its server finds."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from mcp_types import TextContent

from . import keyring_in_a_file
from .conftest import Served
from .server_process import ServerProcess

COMMAND = (sys.executable, "-m", "flodesk_mcp")
Enter = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def laptop(environment: dict[str, str], served: Served, tmp_path: Path) -> dict[str, str]:
    """The environment of a computer that has a keychain, with nothing in it, and names no credential."""
    return environment | {
        "FLODESK_BASE_URL": f"{served.address}/v1",
        "PYTHONPATH": str(Path(keyring_in_a_file.__file__).parent),
        "PYTHON_KEYRING_BACKEND": "keyring_in_a_file.Keyring",
        keyring_in_a_file.FILE: str(tmp_path / "keychain"),
    }


@pytest.fixture
def enter(laptop: dict[str, str]) -> Enter:
    """Run a command to its end, with what a person enters."""

    def enter(*arguments: str, entered: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            env=laptop | settings,
            input=entered,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return enter


async def said(server: ServerProcess) -> str:
    """What a tool answers that reads, or nothing if it worked."""
    result = await server.client.call_tool("list_all_flodesk_segments", {})
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text if result.is_error else ""
