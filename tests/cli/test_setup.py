"""`setup`: the clients of a person's machine are connected, and no file gets a key."""

import json
import stat
import tomllib
from pathlib import Path

import pytest
import yaml

from flodesk_mcp.sandbox import SANDBOX_API_KEY

from .keychain import Enter, enter, laptop
from .server_process import server_process

__all__ = ["enter", "laptop"]

pytestmark = pytest.mark.anyio

VSCODE = '{\n  // mine\n  "servers": {\n    "other": {"command": "other"}, // keep\n  },\n}\n'
CLAUDE = '{"theme": "dark", "mcpServers": {"flodesk": {"command": "x", "env": {"FLODESK_API_KEY": "typed-in"}}}}'
KEPT = {"FLODESK_API_KEY": SANDBOX_API_KEY}


@pytest.fixture
def home(laptop: dict[str, str], tmp_path: Path) -> Path:
    """The home of somebody who has all clients, three of them with settings."""
    home = tmp_path / "home"
    files = {
        ".config/Claude/claude_desktop_config.json": CLAUDE,
        ".claude/settings.json": "{}",
        ".config/Code/User/mcp.json": VSCODE,
        ".codex/config.toml": "# mine\n",
    }
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")
    for folder in (".cursor", ".codeium/windsurf", ".gemini", ".config/goose"):
        (home / folder).mkdir(parents=True)
    laptop.update(HOME=str(home), XDG_CONFIG_HOME="")
    laptop.pop("CODEX_HOME", None)
    laptop.pop("CLAUDE_CONFIG_DIR", None)
    return home


def texts(home: Path) -> dict[str, str]:
    """Everything in all files, by name; backups have the time in theirs."""
    files = [path for path in home.rglob("*") if path.is_file()]
    return {str(path.relative_to(home)): path.read_text(encoding="utf-8") for path in files}


def backups(home: Path) -> list[Path]:
    return sorted(home.rglob("*.backup"))


async def test_all_clients_are_connected_and_the_server_finds_the_key(
    enter: Enter, laptop: dict[str, str], home: Path
) -> None:
    done = enter("setup", entered=f"{SANDBOX_API_KEY}\n" + "y\n" * 8)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("Written.") == 8
    assert "Flodesk accepts the API key" in done.stdout
    written = texts(home)
    assert [name for name, text in written.items() if SANDBOX_API_KEY in text] == []
    assert SANDBOX_API_KEY not in done.stdout

    entry = json.loads(written[".cursor/mcp.json"])["mcpServers"]["flodesk"]
    assert entry == json.loads(written[".gemini/settings.json"])["mcpServers"]["flodesk"]
    assert entry == json.loads(written[".codeium/windsurf/mcp_config.json"])["mcpServers"]["flodesk"]
    assert entry == tomllib.loads(written[".codex/config.toml"])["mcp_servers"]["flodesk"]
    assert {"type": "stdio", **entry} == json.loads(written[".claude.json"])["mcpServers"]["flodesk"]
    assert yaml.safe_load(written[".config/goose/config.yaml"])["extensions"]["flodesk"]["cmd"] == entry["command"]
    assert Path(entry["command"]).is_absolute()
    async with server_process(environment=laptop) as server:
        result = await server.client.call_tool("list_all_flodesk_segments", {})
        assert not result.is_error


def test_everything_else_in_a_file_stays_and_a_backup_is_beside_it(enter: Enter, home: Path) -> None:
    file = home / ".config/Code/User/mcp.json"
    file.chmod(0o640)
    assert enter("setup", "--client", "vscode", "--yes", **KEPT).returncode == 0
    head, entry, tail = file.read_text(encoding="utf-8").partition('\n    "flodesk"')
    assert head == VSCODE[: VSCODE.index(" // keep") + len(" // keep")]
    assert entry
    assert tail.endswith("},\n  },\n}\n")
    (backup,) = backups(home)
    assert backup.read_text(encoding="utf-8") == VSCODE
    assert backup.parent == file.parent
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, backup)] == [0o640, 0o640]


def test_twice_is_once(enter: Enter, home: Path) -> None:
    enter("setup", "--yes", **KEPT)
    once = texts(home)
    done = enter("setup", "--yes")
    assert done.returncode == 0
    assert "The keychain holds a credential already" in done.stdout
    assert done.stdout.count("Nothing to do.") == 8
    assert texts(home) == once


def test_what_was_set_up_is_removed_again(enter: Enter, home: Path) -> None:
    before = texts(home)
    enter("setup", "--yes", **KEPT)
    assert enter("setup", "--remove", "--yes").returncode == 0
    after = {name: text for name, text in texts(home).items() if not name.endswith(".backup")}
    assert [name for name, text in after.items() if "flodesk" in text] == []
    assert after[".config/Code/User/mcp.json"] == VSCODE
    assert after[".codex/config.toml"] == before[".codex/config.toml"]
    assert json.loads(after[".config/Claude/claude_desktop_config.json"]) == {"theme": "dark", "mcpServers": {}}


def test_print_changes_nothing_and_asks_nothing(enter: Enter, home: Path) -> None:
    before = texts(home)
    done = enter("setup", "--print")
    assert done.returncode == 0
    assert done.stdout.count('"flodesk"') == 8
    assert texts(home) == before


def test_whoever_says_no_keeps_the_file(enter: Enter, home: Path) -> None:
    done = enter("setup", "--client", "vscode", entered="n\n", FLODESK_SANDBOX="1")
    assert (done.returncode, "Left as it is." in done.stdout) == (0, True)
    assert (home / ".config/Code/User/mcp.json").read_text(encoding="utf-8") == VSCODE


def test_a_file_that_is_not_valid_is_left_alone_and_the_others_are_written(enter: Enter, home: Path) -> None:
    broken = home / ".config/Claude/claude_desktop_config.json"
    broken.write_text('{"mcpServers": {', encoding="utf-8")
    done = enter("setup", "--yes", **KEPT)
    assert done.returncode == 1
    assert "Left as it is: it is not valid JSON (line 1)." in done.stderr
    assert done.stdout.count("Written.") == 7
    assert broken.read_text(encoding="utf-8") == '{"mcpServers": {'


def test_a_key_that_somebody_had_typed_into_a_file_goes_and_they_hear_where_it_still_is(
    enter: Enter, home: Path
) -> None:
    done = enter("setup", "--client", "claude-desktop", "--yes", **KEPT)
    assert "still holds the key that stood in the file" in done.stdout
    assert "typed-in" not in done.stdout
    assert "typed-in" not in (home / ".config/Claude/claude_desktop_config.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("keychain", ["keyring.backends.fail.Keyring", "keyring.backends.null.Keyring"])
def test_without_a_keychain_the_entries_name_the_variable(enter: Enter, home: Path, keychain: str) -> None:
    done = enter("setup", "--yes", **KEPT, PYTHON_KEYRING_BACKEND=keychain)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Set FLODESK_API_KEY to your key in the environment that Cursor is started in." in done.stdout
    assert "Claude Desktop hands no variables to servers" in done.stdout
    written = texts(home)
    assert [name for name, text in written.items() if SANDBOX_API_KEY in text] == []
    cursor = json.loads(written[".cursor/mcp.json"])["mcpServers"]["flodesk"]
    assert cursor["env"] == {"FLODESK_API_KEY": "${env:FLODESK_API_KEY}"}


def test_a_key_that_flodesk_refuses_ends_it_before_any_file_changes(enter: Enter, home: Path) -> None:
    before = texts(home)
    done = enter("setup", "--yes", FLODESK_API_KEY="wrong-key")
    assert (done.returncode, "Flodesk refuses this API key" in done.stderr) == (2, True)
    assert texts(home) == before


def test_yes_asks_for_no_key(enter: Enter, home: Path) -> None:
    done = enter("setup", "--yes")
    assert (done.returncode, "set FLODESK_API_KEY" in done.stderr) == (2, True)


def test_what_stands_before_the_command_is_what_the_server_gets(enter: Enter, home: Path) -> None:
    enter("--sandbox", "--toolsets", "all", "setup", "--client", "codex", "--yes")
    entry = tomllib.loads((home / ".codex/config.toml").read_text(encoding="utf-8"))["mcp_servers"]["flodesk"]
    assert entry["args"] == ["--sandbox", "--toolsets", "all"]


def test_a_link_to_a_file_stays_a_link(enter: Enter, home: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text("# mine\n", encoding="utf-8")
    file = home / ".codex/config.toml"
    file.unlink()
    file.symlink_to(real)
    enter("--sandbox", "setup", "--client", "codex", "--yes")
    assert file.is_symlink()
    assert "flodesk" in real.read_text(encoding="utf-8")


def test_a_named_client_is_set_up_though_it_is_not_installed(
    enter: Enter, laptop: dict[str, str], tmp_path: Path
) -> None:
    laptop["HOME"] = str(tmp_path / "empty")
    assert "no MCP client is installed here" in enter("--sandbox", "setup", "--yes").stderr
    assert enter("--sandbox", "setup", "--yes", "--client", "cursor").returncode == 0
    assert (tmp_path / "empty/.cursor/mcp.json").exists()


def test_what_cannot_be_read_is_said(enter: Enter, home: Path) -> None:
    (home / ".cursor/mcp.json").mkdir()
    done = enter("--sandbox", "setup", "--yes", "--client", "cursor")
    assert (done.returncode, "Left as it is: Is a directory." in done.stderr) == (1, True)
