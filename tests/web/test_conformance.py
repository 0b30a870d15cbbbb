"""The official conformance suite against our hosted stack, with the suite's own tools, prompts and resources in it.

The suite itself is from npm: `.ci/conformance` installs it, and NODE_BINARY and NODE_MODULES say where it is.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp.client.session import ClientRequestContext
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult

from .connecting import Era, connected
from .serving import Served, serve_program

pytestmark = pytest.mark.anyio

NODE = os.environ.get("NODE_BINARY")
MODULES = os.environ.get("NODE_MODULES")
TESTS = Path(__file__).parents[1]
BASELINE = TESTS.parent / "conformance-baseline.yml"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("conformance")
    with serve_program(("conformance",), folder / "log", PYTHONPATH=str(TESTS)) as served:
        yield served


@pytest.mark.skipif(not (NODE and MODULES), reason=".ci/conformance installs Node and the suite")
@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25", "2026-07-28"])
def test_the_suite_finds_no_more_than_what_is_not_declared(server: Served, tmp_path: Path, revision: str) -> None:
    suite = [f"{NODE}", f"{MODULES}/.bin/conformance", "server", "--url", f"{server.url}/mcp", "--suite", "all"]
    options = ["--spec-version", revision, "--expected-failures", f"{BASELINE}", "--output-dir", f"{tmp_path}"]
    done = subprocess.run([*suite, *options], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[done.stdout.find("=== SUMMARY") :] + done.stderr


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_the_fixtures_are_behind_what_our_own_tools_are_behind(server: Served, era: Era) -> None:
    asked: list[str] = []

    async def answer(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="accept", content={"name": "Ann", "username": "ann", "email": "ann@example.com"})

    tool = {"auto": "test_input_required_result_elicitation", "legacy": "test_elicitation"}[era]
    arguments: dict[str, Any] = {} if era == "auto" else {"message": "What is your name?"}
    async with connected(server.url, {}, "http", era, answer) as client:
        assert tool in {known.name for known in (await client.list_tools()).tools}
        result = await client.call_tool(tool, arguments)
        assert isinstance(result, CallToolResult)
        assert not result.is_error, result
    assert asked == ["What is your name?"]
    async with connected(
        f"{server.url}", {"X-Flodesk-Exclude-Tools": "create_a_flodesk_segment"}, "http", era
    ) as client:
        names = {known.name for known in (await client.list_tools()).tools}
        assert "create_a_flodesk_segment" not in names
        assert tool in names
    async with connected(f"{server.url}", {"X-Flodesk-Toolsets": "webhooks"}, "http", era) as client:
        assert tool not in {known.name for known in (await client.list_tools()).tools}
