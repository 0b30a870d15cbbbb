"""Skills over HTTP, judged by others: the official conformance suite, and the host side of the TypeScript SDK.

`.ci/conformance` installs both and runs this; NODE_BINARY and NODE_MODULES say where they are.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .serving import Served, serve
from .test_typescript import MODULES, NODE, SCRIPTS, node

pytestmark = pytest.mark.skipif(not (NODE and MODULES), reason=".ci/conformance installs Node and the npm packages")

FOLDER = Path(__file__).parents[2] / "skills"
REVISIONS = {"legacy": "2025-11-25", "auto": "2026-07-28"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("skills") / "log", "--sandbox", "--toolsets=all") as served:
        yield served


@pytest.mark.parametrize("revision", REVISIONS.values())
@pytest.mark.parametrize("scenario", ["enumeration", "manifest"])
def test_the_suite_finds_nothing(server: Served, tmp_path: Path, scenario: str, revision: str) -> None:
    suite = [f"{NODE}", f"{MODULES}/.bin/conformance", "server", "--url", f"{server.url}/mcp", "--force"]
    options = ["--scenario", f"sep-2640-skills-{scenario}", "--spec-version", revision, "--output-dir", f"{tmp_path}"]
    done = subprocess.run([*suite, *options], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed, 0 warnings" in done.stdout


@pytest.mark.parametrize("mode", REVISIONS)
def test_the_typescript_sdk_reads_and_verifies_every_skill(server: Served, tmp_path: Path, mode: str) -> None:
    assert MODULES
    (tmp_path / "node_modules").symlink_to(MODULES)
    copy = tmp_path / "skills.mjs"  # a module finds its packages beside itself
    copy.write_text((SCRIPTS / "skills.mjs").read_text(encoding="utf-8"), encoding="utf-8")
    said = node(str(copy), f"{server.url}/mcp", mode)
    assert (said["revision"], said["supported"]) == (REVISIONS[mode], True)
    assert {skill["name"] for skill in said["read"]} == {path.name for path in FOLDER.iterdir()}
    assert all(skill["verified"] and skill["title"].startswith("# ") for skill in said["read"])
