"""The manifest in the repository is what the server registers."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from mcp import Client

from flodesk_mcp import __version__
from flodesk_mcp.cli.commands import cli
from flodesk_mcp.cli.manifest import manifest_text
from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings
from flodesk_mcp.tools import CATALOG, TOOLSETS

MANIFEST = Path(__file__).parents[2] / "tool_manifest.json"


def test_the_manifest_is_up_to_date() -> None:
    assert MANIFEST.read_text(encoding="utf-8") == manifest_text(), "run make manifest"


def test_the_command_prints_the_manifest() -> None:
    assert CliRunner().invoke(cli, ["manifest"]).output == manifest_text()


@pytest.mark.anyio
@pytest.mark.usefixtures("environment")
async def test_the_manifest_holds_every_tool_as_the_server_offers_it() -> None:
    server = single_server(Settings(sandbox=True, toolsets=",".join(toolset.id for toolset in TOOLSETS)))
    async with Client(server) as client:
        offered = (await client.list_tools()).tools
    beyond_the_protocol = {"toolset", "operation"}
    held = [
        {name: value for name, value in tool.items() if name not in beyond_the_protocol}
        for tool in json.loads(manifest_text())["tools"]
    ]
    shown = [tool.model_dump(by_alias=True, exclude_none=True) for tool in offered]
    assert [tool["name"] for tool in held] == [tool["name"] for tool in shown]
    tailored = {"unified", "audience"}  # shown with the providers that there are
    assert [tool for tool, spec in zip(held, CATALOG, strict=True) if spec.toolset.id not in tailored] == [
        tool for tool, spec in zip(shown, CATALOG, strict=True) if spec.toolset.id not in tailored
    ]


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(cli, ["--version"], prog_name="flodesk-mcp").output == f"flodesk-mcp {__version__}\n"
