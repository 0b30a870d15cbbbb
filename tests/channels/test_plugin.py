"""The plugin for Claude Code, the marketplace, and the registry's entry: checked by the tools of those who run them."""

import json
import re

import pytest
from mcp_types import CallToolResult

from flodesk_mcp.sandbox import SANDBOX_API_KEY

from .conftest import ROOT, Packagers, Served, read, started

pytestmark = pytest.mark.anyio


def test_the_directory_of_plugins_would_take_it(packagers: Packagers) -> None:
    report = packagers.run("claude", "plugin", "validate", ".", "--profile", "directory", "--strict")
    assert "Validation passed" in report
    assert "no line that installs" not in report
    assert {f"skills: flodesk:{folder.parent.name}" for folder in ROOT.glob("skills/*/SKILL.md")} <= set(
        re.findall(r"skills: flodesk:[a-z-]+", report)
    )


def test_the_registry_would_take_its_entry(packagers: Packagers) -> None:
    report = json.loads(packagers.run("skillsaw", "lint", "--format", "json", ".").strip())
    assert report["violations"] == []
    assert "mcp-registry" in json.dumps(report)


async def test_it_starts_as_the_plugin_says(packagers: Packagers, served: Served) -> None:
    told = read(".claude-plugin/plugin.json")["mcpServers"]["flodesk"]
    text = (
        json.dumps(told).replace("${CLAUDE_PLUGIN_ROOT}", str(ROOT)).replace("${user_config.api_key}", SANDBOX_API_KEY)
    )
    config = json.loads(text)
    config["env"]["FLODESK_BASE_URL"] = f"{served.address}/v1"
    async with started(config, packagers) as client:
        result = await client.call_tool("list_all_flodesk_segments", {"limit": 1})
    assert isinstance(result, CallToolResult)
    assert not result.is_error
