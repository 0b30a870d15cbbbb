"""What each client is told: how to start the server, and never a key."""

from pathlib import Path
from typing import Any

import pytest

from flodesk_mcp.mcp_clients import CLIENTS, KEY, Launch, launch_of

LAUNCH = Launch("/opt/flodesk-mcp", ("--read-only",))
PLAIN = {"command": "/opt/flodesk-mcp", "args": ["--read-only"]}
GOOSE = {
    "enabled": True,
    "type": "stdio",
    "name": "Flodesk",
    "description": "Your Flodesk account: segments, subscribers, workflows, webhooks",
    "cmd": "/opt/flodesk-mcp",
    "args": ["--read-only"],
    "envs": {},
    "env_keys": [],
    "timeout": 300,
}
ENTRIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "claude-desktop": (PLAIN, {}),
    "claude-code": ({"type": "stdio", **PLAIN}, {}),
    "cursor": (PLAIN, {"env": {KEY: "${env:FLODESK_API_KEY}"}}),
    "vscode": ({"type": "stdio", **PLAIN}, {"env": {KEY: "${env:FLODESK_API_KEY}"}}),
    "windsurf": (PLAIN, {"env": {KEY: "${env:FLODESK_API_KEY}"}}),
    "goose": (GOOSE, {"env_keys": [KEY]}),
    "gemini-cli": (PLAIN, {"env": {KEY: "$FLODESK_API_KEY"}}),
    "codex": (PLAIN, {"env_vars": [KEY]}),
}


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.id)
def test_an_entry_has_the_form_of_its_client(client: Any) -> None:
    with_keychain, _ = ENTRIES[client.id]
    assert client.entry(LAUNCH) == with_keychain


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.id)
def test_without_a_keychain_it_names_the_variable_in_the_words_of_its_client(client: Any) -> None:
    with_keychain, beside = ENTRIES[client.id]
    assert client.entry(Launch(LAUNCH.command, LAUNCH.args, KEY)) == with_keychain | beside


@pytest.mark.parametrize("folder", ["cache/uv/archive-v0/x", "cache/uv/environments-v2/x"])
def test_what_uvx_clears_away_is_started_by_uvx_again(folder: str, tmp_path: Path) -> None:
    prefix = tmp_path / folder
    assert launch_of({"UV": "/opt/uv"}, str(prefix), str(prefix / "bin/python")) == Launch(
        "/opt/uv", ("tool", "run", "flodesk-mcp")
    )


def test_what_is_installed_is_started_by_its_whole_path(tmp_path: Path) -> None:
    script = tmp_path / "bin" / "flodesk-mcp"
    script.parent.mkdir()
    script.touch()
    assert launch_of({}, str(tmp_path), str(script.with_name("python"))) == Launch(str(script))


def test_what_has_no_script_is_started_as_a_module(tmp_path: Path) -> None:
    python = str(tmp_path / "python")
    assert launch_of({"UV": "/opt/uv"}, str(tmp_path), python) == Launch(python, ("-m", "flodesk_mcp"))
