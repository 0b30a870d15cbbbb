"""The clients that are known: where each keeps its servers on each system, and in which form.

Sources: the documentation of each client. Claude Desktop for Windows has been a package since 2026: it reads its
settings below `Packages`, whatever its own button "Edit Config" opens.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flodesk_mcp.mcp_clients.edit import Editor
from flodesk_mcp.mcp_clients.entries import Entry, Launch, codex, goose, plain, typed
from flodesk_mcp.mcp_clients.jsonc import JSON, JSONC
from flodesk_mcp.mcp_clients.machine import Machine
from flodesk_mcp.mcp_clients.toml import TOML
from flodesk_mcp.mcp_clients.yaml import YAML

__all__ = ["CLIENTS", "McpClient", "Place"]

RESTART = "quit {} completely (not only its window), and open it again"


@dataclass(frozen=True)
class Place:
    """A file of a client; `sign` is there where the client is installed."""

    sign: Path
    file: Path


@dataclass(frozen=True)
class McpClient:
    """A program that starts MCP servers."""

    id: str
    title: str
    places: Callable[[Machine], Iterator[Place]]
    editor: Editor
    servers: str
    """The member of the file that holds the servers by name."""
    entry: Callable[[Launch], Entry]
    restart: str
    passes_variables: bool = True
    """Whether there is a way to hand a variable of the environment to a server."""

    def installed(self, machine: Machine) -> list[Place]:
        """Return the places of this client whose signs are there."""
        return [place for place in self.places(machine) if place.sign.exists()]


def _claude_desktop(machine: Machine) -> Iterator[Place]:
    name = "claude_desktop_config.json"
    yield Place(machine.app_data / "Claude", machine.app_data / "Claude" / name)
    if machine.system == "win32":
        for package in sorted((machine.local_app_data / "Packages").glob("Claude_*")):
            yield Place(package, package / "LocalCache" / "Roaming" / "Claude" / name)


def _claude_code(machine: Machine) -> Iterator[Place]:
    chosen = machine.folder("CLAUDE_CONFIG_DIR", machine.home)
    sign = chosen if chosen != machine.home else machine.home / ".claude"
    yield Place(sign, chosen / ".claude.json")


def _vscode(machine: Machine) -> Iterator[Place]:
    for product in ("Code", "Code - Insiders"):
        folder = machine.app_data / product
        yield Place(folder, folder / "User" / "mcp.json")


def _goose(machine: Machine) -> Iterator[Place]:
    if machine.system == "win32":
        folder = machine.app_data / "Block" / "goose" / "config"
    else:
        folder = machine.xdg_config / "goose"  # on macOS, too
    yield Place(folder, folder / "config.yaml")


def _at_home(name: str, folder: str, machine: Machine) -> Iterator[Place]:
    yield Place(machine.home / folder, machine.home / folder / name)


def _codex(machine: Machine) -> Iterator[Place]:
    folder = machine.folder("CODEX_HOME", machine.home / ".codex")
    yield Place(folder, folder / "config.toml")


CLIENTS = (
    McpClient(
        "claude-desktop",
        "Claude Desktop",
        _claude_desktop,
        JSON,
        "mcpServers",
        plain,
        RESTART.format("Claude Desktop"),
        passes_variables=False,
    ),
    McpClient(
        "claude-code", "Claude Code", _claude_code, JSON, "mcpServers", typed, "leave Claude Code, and start it again"
    ),
    McpClient(
        "cursor",
        "Cursor",
        partial(_at_home, "mcp.json", ".cursor"),
        JSONC,
        "mcpServers",
        partial(plain, reference="${{env:{}}}"),
        RESTART.format("Cursor"),
    ),
    McpClient(
        "vscode",
        "VS Code",
        _vscode,
        JSONC,
        "servers",
        partial(typed, reference="${{env:{}}}"),
        'run "MCP: List Servers" in VS Code, choose flodesk, and start it',
    ),
    McpClient(
        "windsurf",
        "Windsurf",
        partial(_at_home, "mcp_config.json", ".codeium/windsurf"),
        JSONC,
        "mcpServers",
        partial(plain, reference="${{env:{}}}"),
        "press Refresh in Windsurf's list of MCP servers",
    ),
    McpClient("goose", "Goose", _goose, YAML, "extensions", goose, "start a new session of Goose"),
    McpClient(
        "gemini-cli",
        "Gemini CLI",
        partial(_at_home, "settings.json", ".gemini"),
        JSONC,
        "mcpServers",
        partial(plain, reference="${}"),
        "leave Gemini CLI, and start it again",
    ),
    McpClient("codex", "Codex", _codex, TOML, "mcp_servers", codex, "leave Codex, and start it again"),
)
