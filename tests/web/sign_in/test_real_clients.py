"""Real clients from npm over https, each from the 401 to a tool call to a refresh.

`.ci/conformance` installs them and runs this, and NODE_BINARY and NODE_MODULES say where they are.
"""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from ports import free_port

from .https import Secured
from .person import Person
from .test_python_sdk import segments_in

NODE = os.environ.get("NODE_BINARY")
MODULES = os.environ.get("NODE_MODULES")
SCRIPTS = Path(__file__).parents[1] / "typescript"

REASON = ".ci/conformance installs Node and the npm packages"
pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not (NODE and MODULES), reason=REASON)]


def environment(secured: Secured, **more: str) -> dict[str, str]:
    return {**os.environ, "NODE_EXTRA_CA_CERTS": str(secured.certificate), **more}


@pytest.mark.parametrize("generation", ["sdk", "client"])
@pytest.mark.parametrize("method", ["none", "client_secret_post", "client_secret_basic"])
def test_the_typescript_sdk(secured: Secured, tmp_path: Path, generation: str, method: str) -> None:
    (tmp_path / "node_modules").symlink_to(str(MODULES))
    script = tmp_path / "sign_in.mjs"  # a module finds its packages beside itself
    script.write_text((SCRIPTS / "sign_in.mjs").read_text(encoding="utf-8"), encoding="utf-8")
    done = subprocess.run(
        [str(NODE), str(script), generation, f"{secured.url}/mcp", "key-ann"],
        env=environment(secured, AUTH_METHOD=method),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["before"] is None  # nothing was allowed yet
    for answer in (said["result"], said["refreshed"]):
        assert [segment["name"] for segment in answer["structuredContent"]["result"]] == ["Friends of ann"]
    assert (said["asked_again"], said["rotated"]) == (False, True)


async def follow(secured: Secured, line_with_address: str) -> None:
    """Be the person who opens the address that a program prints, says yes, and is sent back to the program."""
    found = re.search(rf"{re.escape(secured.url)}/authorize\S+", line_with_address)
    assert found
    async with secured.browser() as window:
        person = Person(window)
        await person.connect(found[0])
        await window.get(person.sent_to)


async def until_asked(secured: Secured, output: anyio.abc.ByteReceiveStream) -> str:
    """Read what a program prints, and follow the address that is in it."""
    said = ""
    async for chunk in output:
        said += chunk.decode(errors="replace")
        if re.search(rf"{re.escape(secured.url)}/authorize\S+\s", said):
            await follow(secured, said)
            break
    async for chunk in output:
        said += chunk.decode(errors="replace")
    return said


async def test_the_inspector(secured: Secured, tmp_path: Path) -> None:
    own = environment(
        secured, HOME=str(tmp_path), BROWSER="true", MCP_AUTO_OPEN_ENABLED="true", MCP_INSPECTOR_SECRET_STORE="file"
    )

    async def call(*options: str) -> None:
        command = [
            *(str(NODE), f"{MODULES}/.bin/mcp-inspector", "--cli", f"{secured.url}/mcp", "--transport", "http"),
            *("--callback-url", f"http://127.0.0.1:{free_port()}/oauth/callback", "--format", "json"),
            *("--method", "tools/call", "--tool-name", "list_all_flodesk_segments", *options),
        ]
        said: list[str] = []
        with anyio.fail_after(90):
            async with await anyio.open_process(command, env=own) as process, anyio.create_task_group() as group:

                async def read(output: anyio.abc.ByteReceiveStream | None) -> None:
                    assert output
                    said.append(await until_asked(secured, output))

                group.start_soon(read, process.stdout)
                group.start_soon(read, process.stderr)
        assert any("Friends of ann" in each for each in said), said

    await call()
    (kept,) = [path for path in tmp_path.rglob("*.json") if "fmcpa_" in path.read_text()]
    before = kept.read_text()
    kept.write_text(re.sub(r"fmcpa_[\w-]{39}", "fmcpa_" + "x" * 39, before))
    await call("--stored-auth-only")
    (refresh_token,) = set(re.findall(r"fmcpr_[\w-]{43}", before))
    assert refresh_token not in kept.read_text()


async def test_mcp_remote(secured: Secured, tmp_path: Path) -> None:
    own = environment(secured, MCP_REMOTE_CONFIG_DIR=str(tmp_path), BROWSER="true", HOME=str(tmp_path))
    command = [f"{MODULES}/.bin/mcp-remote", f"{secured.url}/mcp", str(free_port()), "--transport", "http-only"]
    bridge = StdioServerParameters(command=str(NODE), args=command, env=own)

    async def call(person: bool) -> list[str]:
        log = tmp_path / f"log-{person}"
        with log.open("w") as stderr, anyio.fail_after(60):
            async with anyio.create_task_group() as group:

                async def answer() -> None:
                    while f"{secured.url}/authorize" not in log.read_text():  # noqa: ASYNC110 - another process writes
                        await anyio.sleep(0.1)
                    await follow(secured, log.read_text())

                if person:
                    group.start_soon(answer)
                async with Client(stdio_client(bridge, errlog=stderr), mode="legacy") as client:
                    return segments_in(await client.call_tool("list_all_flodesk_segments", {}))
        raise AssertionError

    assert await call(person=True) == ["Friends of ann"]
    (kept,) = tmp_path.rglob("*tokens.json")
    tokens: dict[str, Any] = json.loads(kept.read_text())
    spoilt = {**tokens, "access_token": tokens["access_token"][:-4] + "gone"}
    kept.write_text(json.dumps(spoilt))
    assert await call(person=False) == ["Friends of ann"]
    assert json.loads(kept.read_text())["refresh_token"] != tokens["refresh_token"]


async def test_the_conformance_suite_for_authorization_servers(secured: Secured, tmp_path: Path) -> None:
    port = free_port()
    async with secured.browser() as window:
        described = {"redirect_uris": [f"http://127.0.0.1:{port}/callback"], "token_endpoint_auth_method": "none"}
        client_id = (await window.post("/register", json=described)).json()["client_id"]
    command = [
        *(str(NODE), f"{MODULES}/.bin/conformance", "authorization", "--url", secured.url, "--port", str(port)),
        *("--client-id", client_id, "--resource", f"{secured.url}/mcp", "--output-dir", str(tmp_path)),
    ]
    with anyio.fail_after(60):
        async with await anyio.open_process(command, env=environment(secured, BROWSER="true")) as process:
            assert process.stdout
            said = await until_asked(secured, process.stdout)
    assert process.returncode == 0, said
    assert "authorization-code-grant" in said
