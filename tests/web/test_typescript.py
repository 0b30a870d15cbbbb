"""The TypeScript SDK (both generations) and the Inspector's command line, from npm, against a real process.

`.ci/conformance` installs them and runs this; NODE_BINARY and NODE_MODULES say where they are.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .deployment import Deployment, Mode

NODE = os.environ.get("NODE_BINARY")
MODULES = os.environ.get("NODE_MODULES")
SCRIPTS = Path(__file__).parent / "typescript"

pytestmark = pytest.mark.skipif(not (NODE and MODULES), reason=".ci/conformance installs Node and the npm packages")

MODES = ["headers", "tokens", "oauth"]
TRANSPORTS = {"http": "/mcp", "sse": "/sse"}


def node(*arguments: str) -> Any:
    assert NODE
    done = subprocess.run([NODE, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def names_in(result: Any) -> list[str]:
    return [segment["name"] for segment in result["structuredContent"]["result"]]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("script", "era"), [("sdk.mjs", "2025-11-25"), ("client.mjs", "2026-07-28")])
def test_the_typescript_sdk_gets_in(
    deployment: Deployment, tmp_path: Path, mode: Mode, transport: str, script: str, era: str
) -> None:
    assert MODULES
    (tmp_path / "node_modules").symlink_to(MODULES)
    copy = tmp_path / script  # a module finds its packages beside itself
    copy.write_text((SCRIPTS / script).read_text(encoding="utf-8"), encoding="utf-8")
    url = deployment.served.url + TRANSPORTS[transport]
    said = node(str(copy), url, transport, json.dumps(deployment.headers[mode]))
    assert said["protocolVersion"] == era
    assert said["tools"] > 10
    assert names_in(said["result"]) == ["Friends of ann"]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("mode", MODES)
def test_the_inspector_gets_in(deployment: Deployment, mode: Mode, transport: str) -> None:
    headers = [part for name, value in deployment.headers[mode].items() for part in ("--header", f"{name}: {value}")]
    said = node(
        f"{MODULES}/.bin/mcp-inspector",
        "--cli",
        deployment.served.url + TRANSPORTS[transport],
        *("--transport", transport, "--method", "tools/call", "--tool-name", "list_all_flodesk_segments"),
        *headers,
    )
    assert names_in(said) == ["Friends of ann"]
