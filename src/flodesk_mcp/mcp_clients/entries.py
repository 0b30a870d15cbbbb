"""What a client is told: how to start this server, in the form of each client. No entry holds a key."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["KEY", "NAME", "Entry", "Launch", "codex", "goose", "launch_of", "plain", "typed"]

NAME = "flodesk"
KEY = "FLODESK_API_KEY"

Entry = dict[str, Any]


@dataclass(frozen=True)
class Launch:
    """How the server is started. `key_variable` is set where the key comes from the environment, not the keychain."""

    command: str
    args: tuple[str, ...] = ()
    key_variable: str | None = None


def launch_of(environment: Mapping[str, str], prefix: str = sys.prefix, executable: str = sys.executable) -> Launch:
    """Return how to start again what runs now.

    uvx and pipx run from folders that they clear away: there, they are what must be started.
    """
    parts = Path(prefix).parts
    if "UV" in environment and ("archive-v0" in parts or "environments-v2" in parts):
        return Launch(environment["UV"], ("tool", "run", "flodesk-mcp"))
    if "pipx" in parts and ".cache" in parts and (pipx := shutil.which("pipx")):
        return Launch(pipx, ("run", "flodesk-mcp"))
    for name in ("flodesk-mcp", "flodesk-mcp.exe"):
        script = Path(executable).with_name(name)
        if script.exists():
            return Launch(str(script))
    return Launch(executable, ("-m", "flodesk_mcp"))


def plain(launch: Launch, reference: str = "") -> Entry:
    """Return what most clients take. `reference` is how the client writes a variable of its environment, if it can."""
    entry: Entry = {"command": launch.command, "args": list(launch.args)}
    if launch.key_variable and reference:
        entry["env"] = {launch.key_variable: reference.format(launch.key_variable)}
    return entry


def typed(launch: Launch, reference: str = "") -> Entry:
    """Return the same with the transport named first."""
    return {"type": "stdio", **plain(launch, reference)}


def codex(launch: Launch) -> Entry:
    """Return what Codex takes: it hands on only the variables that it is told."""
    named = {"env_vars": [launch.key_variable]} if launch.key_variable else {}
    return {**plain(launch), **named}


def goose(launch: Launch) -> Entry:
    """Return what Goose takes; it looks for `env_keys` in the environment, and in its own keychain."""
    return {
        "enabled": True,
        "type": "stdio",
        "name": "Flodesk",
        "description": "Your Flodesk account: segments, subscribers, workflows, webhooks",
        "cmd": launch.command,
        "args": list(launch.args),
        "envs": {},
        "env_keys": [launch.key_variable] if launch.key_variable else [],
        "timeout": 300,
    }
