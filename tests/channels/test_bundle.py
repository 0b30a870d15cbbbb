"""The bundle for Claude Desktop: packed and unpacked by its own tool, and started as its own code says."""

import json
import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from mcp_types import CallToolResult, TextContent

from flodesk_mcp.sandbox import SANDBOX_API_KEY
from flodesk_mcp.tools import IN_ALL

from .conftest import ROOT, Packagers, Served, started

pytestmark = pytest.mark.anyio

AS_ITS_HOST_DOES = """
const { getMcpConfigForManifest } = await import(process.argv[1]);
const [folder, userConfig] = process.argv.slice(2);
const manifest = JSON.parse((await import("node:fs")).readFileSync(folder + "/manifest.json", "utf8"));
console.log(JSON.stringify(await getMcpConfigForManifest({
  manifest, extensionPath: folder, systemDirs: {}, userConfig: JSON.parse(userConfig), pathSeparator: "/",
})));
"""


@pytest.fixture(scope="module")
def bundle(packagers: Packagers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, as `make bundle` packs it."""
    out = tmp_path_factory.mktemp("bundle") / "flodesk-mcp.mcpb"
    packagers.run("make", "bundle", f"MCPB={packagers.place}/node_modules/.bin/mcpb", f"BUNDLE={out}")
    return out


@pytest.fixture(scope="module")
def unpacked(packagers: Packagers, bundle: Path) -> Path:
    folder = bundle.with_name("unpacked")
    packagers.run("mcpb", "unpack", bundle, folder)
    return folder


def config(packagers: Packagers, unpacked: Path, **entered: Any) -> dict[str, Any]:
    """Return how the host starts the server of a person who has entered this."""
    library = packagers.place / "node_modules/@anthropic-ai/mcpb/dist/node.js"
    told = packagers.run("node", "--input-type=module", "-e", AS_ITS_HOST_DOES, library, unpacked, json.dumps(entered))
    answer: dict[str, Any] = json.loads(told.splitlines()[-1])
    return answer


async def test_it_has_no_environment_and_no_tests_inside(bundle: Path) -> None:
    names = ZipFile(bundle).namelist()
    assert {"manifest.json", "pyproject.toml", "start.py", "icon.png", "src/flodesk_mcp/__init__.py"} <= set(names)
    assert [name for name in names if "venv" in name or "test" in name or "__pycache__" in name] == []


async def test_without_a_key_it_starts_and_says_what_to_enter_where(packagers: Packagers, unpacked: Path) -> None:
    async with started(config(packagers, unpacked), packagers) as client:
        tools = (await client.list_tools()).tools
        result = await client.call_tool("list_all_flodesk_segments", {})
    assert [tool.name for tool in tools] == [spec.name for spec in IN_ALL]
    assert isinstance(result, CallToolResult)
    assert isinstance(result.content[0], TextContent)
    assert "enter a Flodesk API key: in Claude Desktop, Settings, Extensions" in result.content[0].text


async def test_what_was_entered_holds(packagers: Packagers, unpacked: Path, served: Served) -> None:
    entered = config(packagers, unpacked, api_key=SANDBOX_API_KEY, read_only=True, mask_personal_data=True)
    entered["env"]["FLODESK_BASE_URL"] = f"{served.address}/v1"
    async with started(entered, packagers) as client:
        tools = (await client.list_tools()).tools
        result = await client.call_tool("list_all_flodesk_subscribers", {"limit": 1})
    assert {tool.name for tool in tools} == {spec.name for spec in IN_ALL if spec.reads_only}
    assert isinstance(result, CallToolResult)
    assert "***@" in str(result.structured_content)


async def test_files_are_read_from_the_folders_that_were_chosen_and_no_others(
    packagers: Packagers, unpacked: Path, served: Served, tmp_path: Path
) -> None:
    folders = [tmp_path / "lists", tmp_path / "fair 2026", tmp_path / "private"]
    for folder in folders:
        folder.mkdir()
        (folder / "people.csv").write_text("email\nnew@example.com\n", encoding="utf-8")
    entered = config(packagers, unpacked, api_key=SANDBOX_API_KEY, folders=[str(folder) for folder in folders[:2]])
    entered["env"] |= {"FLODESK_BASE_URL": f"{served.address}/v1", "FLODESK_DATA_DIR": str(tmp_path / "data")}
    async with started(entered, packagers) as client:
        read = [
            await client.call_tool("plan_flodesk_import", {"file": str(folder / "people.csv")}) for folder in folders
        ]
    assert [isinstance(result, CallToolResult) and result.is_error for result in read] == [False, False, True], read


async def test_the_versions_that_are_tested_are_the_ones_that_are_installed(
    packagers: Packagers, unpacked: Path
) -> None:
    listed = packagers.run(
        packagers.uv, "pip", "list", "--directory", unpacked, "--format", "freeze", "--python", ".venv"
    )
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    installed = [line for line in listed.splitlines() if "==" in line and not line.startswith("flodesk-mcp")]
    assert {_normal(pin) for pin in installed} <= {_normal(pin) for pin in pins}


def _normal(pin: str) -> str:
    """Return a pin with its name as the package index compares names."""
    name, _, version = pin.partition("==")
    return f"{re.sub('[-_.]+', '-', name).lower()}=={version}"
