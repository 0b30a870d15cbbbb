"""The pages in Chromium: at 320 and 1280 pixels, light and dark, by keyboard and without scripts.

`.ci/browser` installs what it needs and runs this; NODE_BINARY, BROWSER_MODULES and CHROMIUM say where that is. With
PICTURES set to a folder, every page is kept there as a picture.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flodesk_mcp.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, Sandbox
from flodesk_mcp.store import new_key
from ports import free_port

from .calls import account_of
from .serving import serve, serve_in_thread

NODE = os.environ.get("NODE_BINARY")
MODULES = os.environ.get("BROWSER_MODULES")
CHROMIUM = os.environ.get("CHROMIUM")
PICTURES = os.environ.get("PICTURES")
SCRIPTS = Path(__file__).parent / "browser"

pytestmark = pytest.mark.skipif(
    not (NODE and MODULES and CHROMIUM), reason=".ci/browser installs Chromium and the rest"
)


@contextmanager
def _pages(tmp_path: Path, script: str) -> Iterator[list[str]]:
    """Serve the pages; yield what begins a command that opens them in Chromium."""
    (tmp_path / "node_modules").symlink_to(str(MODULES))  # a module finds its packages beside itself
    for module in SCRIPTS.glob("*.mjs"):
        (tmp_path / module.name).write_text(module.read_text(encoding="utf-8"), encoding="utf-8")
    with serve_in_thread(Sandbox(accounts={"key-ann": account_of("ann")}).app) as flodesk:
        port = free_port()
        settings = {
            "FLODESK_AUTH": "sign-in,headers",
            "FLODESK_TOOLSETS": "all",
            "FLODESK_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "FLODESK_BASE_URL": f"{flodesk}/v1",
            "FLODESK_DATABASE_URL": f"sqlite:///{tmp_path}/state.sqlite3",
            "FLODESK_ENCRYPTION_KEYS": new_key(),
            "FLODESK_CLIENT_ID": SANDBOX_CLIENT_ID,
            "FLODESK_CLIENT_SECRET": SANDBOX_CLIENT_SECRET,
        }
        with serve(tmp_path / "log", port=str(port), **settings) as served:
            yield [str(NODE), str(tmp_path / script), served.url, "key-ann", str(CHROMIUM)]


def _told_by(command: list[str]) -> Any:
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_pages_are_for_everybody(tmp_path: Path) -> None:
    with _pages(tmp_path, "look.mjs") as command:
        found = _told_by([*command, *([PICTURES] if PICTURES else [])])
    assert found["ways"] == {"keyboard": 200, "flodesk": 200, "wrong": "key", "cancel": "access_denied"}
    assert len(found["pages"]) == 13 * 4
    assert [page for page in found["pages"] if page["violations"] or page["overflow"] > 0] == []


def test_files_are_sent_and_got_with_scripts_and_without(tmp_path: Path) -> None:
    with _pages(tmp_path, "files.mjs") as command:
        found = _told_by([*command, str(tmp_path)])
    for name in ("with", "without"):
        told = found[name]
        assert told["picture"] == "It is called .csv, but is a picture."
        assert "more than 50 MB" in told["large"]
        assert told["headings"] == ["Row", "Email\nE-mail", "First Name\nFirst name", "Favourite colour\nLeft out"]
        assert told["title"] == "Look at it, and send it"
        assert (told["sent"], told["again"], told["planned"]) == ("It is sent", "This link opens nothing", 2)
        assert (told["others"], told["wrong"]) == ([], [])
        assert found[f"downloaded {name}"]["name"].startswith("subscribers-")
    assert found["with"]["focused"] == "H1"
    assert found["card"] == {"isLink": True, "wrong": []}
    assert found["dropped"] == {
        "marked": True,
        "progress": True,
        "stopped": "Stopped. Nothing was kept.",
        "holds": "40,000 rows, 1.1 MB",
        "planned": 40_000,
        "wrong": [],
    }
