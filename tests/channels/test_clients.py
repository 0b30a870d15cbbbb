"""Clients themselves read what `setup` has written for them: those that come from npm, and need no window."""

import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Packagers

COMMAND = [sys.executable, "-m", "flodesk_mcp"]


@pytest.mark.parametrize(
    ("client", "asked", "told"),
    [
        ("claude-code", ["claude", "mcp", "get", "flodesk"], ["Status: ✔ Connected", "Args: --sandbox"]),
        ("codex", ["codex", "mcp", "get", "flodesk"], ["enabled: true", "args: --sandbox"]),
        ("gemini-cli", ["gemini", "mcp", "list"], ["flodesk: ", "--sandbox (stdio)"]),
    ],
)
def test_the_client_knows_the_server(
    packagers: Packagers, client: str, asked: list[str], told: list[str], tmp_path: Path
) -> None:
    (tmp_path / ".codex").mkdir()
    environment = packagers.environment | {
        "HOME": str(tmp_path),
        "CODEX_HOME": str(tmp_path / ".codex"),
        "NO_COLOR": "1",
    }

    def ran(*command: str) -> str:
        ended = subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    ran(*COMMAND, "--sandbox", "setup", "--client", client, "--yes")
    answer = ran(*asked)
    assert [words for words in told if words not in answer] == []
    ran(*COMMAND, "--sandbox", "setup", "--client", client, "--remove", "--yes")
    gone = subprocess.run(asked, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "--sandbox" not in gone.stdout
