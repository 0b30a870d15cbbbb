"""The pages say what is: their tables, configurations and snippets."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import environment

from .pages import ROOT

__all__ = ["environment"]

DOCS = ROOT / "docs"


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def _run(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    scripts = {"PATH": f"{Path(sys.executable).parent}:{environment['PATH']}"}
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment | scripts,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_the_tables_are_up_to_date(environment: dict[str, str]) -> None:
    checked = _run(str(ROOT / "docs" / "tables.py"), "--check", environment=environment)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(
    ("snippet", "output"),
    list(zip(_blocks(DOCS / "sandbox.md", "python"), ["Newsletter\n", "True Tulips\n"], strict=True)),
)
def test_a_snippet_does_what_it_shows(snippet: str, output: str, environment: dict[str, str]) -> None:
    ended = _run("-c", snippet, environment=environment)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, output, "")


def test_the_configurations_can_be_pasted() -> None:
    configurations = [json.loads(block) for block in _blocks(DOCS / "connecting.md", "json")]
    servers = [pasted.get("mcpServers") or pasted["servers"] for pasted in configurations]
    assert [list(named) for named in servers] == [["flodesk"]]
