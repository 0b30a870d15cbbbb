"""Every command of the documentation works as it stands there, or says why nobody tried; commands.toml tells which."""

import os
import subprocess
import sys
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from .pages import PAGES, ROOT, commands, name_of

TABLE: dict[str, Any] = tomllib.loads(Path(__file__).with_name("commands.toml").read_text(encoding="utf-8"))
RUN, ELSEWHERE, NOT_RUN = TABLE["run"], TABLE["elsewhere"], TABLE["not_run"]
TOLD = {page: commands(page) for page in PAGES}


def matches(command: str, pattern: str) -> bool:
    return fnmatchcase(command, pattern.replace("[", "[[]"))


def run_on(page: Path) -> list[str]:
    """Return the commands of a page that are run here."""
    others = [*ELSEWHERE, *NOT_RUN]
    return [
        command
        for command in TOLD[page]
        if any(matches(command, pattern) for pattern in RUN) and not any(matches(command, known) for known in others)
    ]


def test_every_command_is_run_or_says_why_not() -> None:
    known = [*RUN, *ELSEWHERE, *NOT_RUN]
    told = {command: name_of(page) for page, found in TOLD.items() for command in found}
    assert {
        command: page for command, page in told.items() if not any(matches(command, pattern) for pattern in known)
    } == {}
    assert [pattern for pattern in known if not any(matches(command, pattern) for command in told)] == []


def test_what_runs_a_command_elsewhere_is_there() -> None:
    for place in ELSEWHERE.values():
        file, _, test = place.partition("::")
        assert (ROOT / file).exists(), place
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8") if test else True, place


@pytest.mark.parametrize("page", [page for page in PAGES if run_on(page)], ids=name_of)
def test_the_commands_of_a_page_work(page: Path, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLODESK_")}
    environment = {
        **kept,
        "PATH": f"{Path(sys.executable).parent}:{kept['PATH']}",
        "FLODESK_SANDBOX": "1",
        "FLODESK_DATA_DIR": str(tmp_path / "data"),
        "FLODESK_DATABASE_URL": f"sqlite:///{tmp_path}/state.sqlite3",
        "SUBJECT": "ann",
    }
    (tmp_path / "deploy").mkdir()
    (tmp_path / "key.txt").write_text("sandbox-key\n", encoding="utf-8")
    script = "\n".join(["set -ex", *run_on(page)])
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
