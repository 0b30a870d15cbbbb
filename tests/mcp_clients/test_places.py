"""Each client is found where it keeps its files, on every system."""

from pathlib import Path

import pytest

from flodesk_mcp.mcp_clients import CLIENTS, Machine

SUPPORT = "Library/Application Support"
ROAMING = "AppData/Roaming"
PACKAGE = "AppData/Local/Packages/Claude_pzs8sxrjxfjjc"

LAYOUTS = {
    "darwin": {
        "claude-desktop": f"{SUPPORT}/Claude/claude_desktop_config.json",
        "claude-code": ".claude.json",
        "cursor": ".cursor/mcp.json",
        "vscode": f"{SUPPORT}/Code/User/mcp.json",
        "windsurf": ".codeium/windsurf/mcp_config.json",
        "goose": ".config/goose/config.yaml",
        "gemini-cli": ".gemini/settings.json",
        "codex": ".codex/config.toml",
    },
    "win32": {
        "claude-desktop": f"{ROAMING}/Claude/claude_desktop_config.json",
        "claude-code": ".claude.json",
        "cursor": ".cursor/mcp.json",
        "vscode": f"{ROAMING}/Code/User/mcp.json",
        "windsurf": ".codeium/windsurf/mcp_config.json",
        "goose": f"{ROAMING}/Block/goose/config/config.yaml",
        "gemini-cli": ".gemini/settings.json",
        "codex": ".codex/config.toml",
    },
    "linux": {
        "claude-desktop": ".config/Claude/claude_desktop_config.json",
        "claude-code": ".claude.json",
        "cursor": ".cursor/mcp.json",
        "vscode": ".config/Code/User/mcp.json",
        "windsurf": ".codeium/windsurf/mcp_config.json",
        "goose": ".config/goose/config.yaml",
        "gemini-cli": ".gemini/settings.json",
        "codex": ".codex/config.toml",
    },
}


def windows(home: Path) -> dict[str, str]:
    return {"APPDATA": str(home / ROAMING), "LOCALAPPDATA": str(home / "AppData/Local")}


def installed(machine: Machine) -> dict[str, list[Path]]:
    found = {client.id: [place.file for place in client.installed(machine)] for client in CLIENTS}
    return {name: files for name, files in found.items() if files}


@pytest.mark.parametrize("system", LAYOUTS)
def test_all_are_found_where_they_are_installed(system: str, tmp_path: Path) -> None:
    for file in LAYOUTS[system].values():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / ".claude").mkdir()
    machine = Machine(system, windows(tmp_path) if system == "win32" else {}, tmp_path)
    assert installed(machine) == {name: [tmp_path / file] for name, file in LAYOUTS[system].items()}


@pytest.mark.parametrize("system", LAYOUTS)
def test_none_is_found_where_none_is(system: str, tmp_path: Path) -> None:
    assert installed(Machine(system, windows(tmp_path), tmp_path)) == {}


def test_a_packaged_claude_desktop_reads_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / PACKAGE).mkdir(parents=True)
    own = tmp_path / PACKAGE / "LocalCache/Roaming/Claude/claude_desktop_config.json"
    assert installed(Machine("win32", windows(tmp_path), tmp_path)) == {"claude-desktop": [own]}


def test_what_an_older_claude_desktop_left_is_written_too(tmp_path: Path) -> None:
    (tmp_path / PACKAGE).mkdir(parents=True)
    (tmp_path / ROAMING / "Claude").mkdir(parents=True)
    assert len(installed(Machine("win32", windows(tmp_path), tmp_path))["claude-desktop"]) == 2


def test_windows_without_its_variables_has_its_usual_folders(tmp_path: Path) -> None:
    (tmp_path / ROAMING / "Code").mkdir(parents=True)
    assert installed(Machine("win32", {}, tmp_path)) == {"vscode": [tmp_path / ROAMING / "Code/User/mcp.json"]}


@pytest.mark.parametrize(
    ("variable", "client", "file"),
    [
        ("XDG_CONFIG_HOME", "goose", "goose/config.yaml"),
        ("CODEX_HOME", "codex", "config.toml"),
        ("CLAUDE_CONFIG_DIR", "claude-code", ".claude.json"),
    ],
)
def test_a_folder_that_was_moved_is_found(variable: str, client: str, file: str, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    (moved / file).parent.mkdir(parents=True)
    assert installed(Machine("linux", {variable: str(moved)}, tmp_path)) == {client: [moved / file]}


def test_both_kinds_of_vs_code_are_connected(tmp_path: Path) -> None:
    for product in ("Code", "Code - Insiders"):
        (tmp_path / SUPPORT / product).mkdir(parents=True)
    assert [file.parts[-3] for file in installed(Machine("darwin", {}, tmp_path))["vscode"]] == [
        "Code",
        "Code - Insiders",
    ]
