"""The pages in Chromium: at 320 and 1280 pixels, light and dark, by keyboard and without scripts.

`.ci/browser` installs what it needs and runs this; NODE_BINARY, BROWSER_MODULES and CHROMIUM say where that is. With
PICTURES set to a folder, every page is kept there as a picture.
"""

import json
import os
import subprocess
from pathlib import Path

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
SCRIPT = Path(__file__).parent / "browser" / "look.mjs"

pytestmark = pytest.mark.skipif(
    not (NODE and MODULES and CHROMIUM), reason=".ci/browser installs Chromium and the rest"
)


def test_the_pages_are_for_everybody(tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(str(MODULES))
    script = tmp_path / "look.mjs"  # a module finds its packages beside itself
    script.write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    with serve_in_thread(Sandbox(accounts={"key-ann": account_of("ann")}).app) as flodesk:
        port = free_port()
        settings = {
            "FLODESK_AUTH": "sign-in",
            "FLODESK_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "FLODESK_BASE_URL": f"{flodesk}/v1",
            "FLODESK_DATABASE_URL": f"sqlite:///{tmp_path}/state.sqlite3",
            "FLODESK_ENCRYPTION_KEYS": new_key(),
            "FLODESK_CLIENT_ID": SANDBOX_CLIENT_ID,
            "FLODESK_CLIENT_SECRET": SANDBOX_CLIENT_SECRET,
        }
        with serve(tmp_path / "log", port=str(port), **settings):
            command = [str(NODE), str(script), f"http://127.0.0.1:{port}", "key-ann", str(CHROMIUM)]
            done = subprocess.run(
                [*command, *([PICTURES] if PICTURES else [])], capture_output=True, text=True, timeout=900, check=False
            )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["ways"] == {"keyboard": 200, "flodesk": 200, "wrong": "key", "cancel": "access_denied"}
    assert len(found["pages"]) == 7 * 4
    assert [page for page in found["pages"] if page["violations"] or page["overflow"] > 0] == []
