"""The machine that clients are installed on, as plain data: tests make machines of every system."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Machine", "this_machine"]


@dataclass(frozen=True)
class Machine:
    """`system` is "darwin", "win32" or "linux", as Python names them."""

    system: str
    environment: Mapping[str, str]
    home: Path

    @property
    def app_data(self) -> Path:
        """The folder in which programs with a window keep a folder of their own."""
        match self.system:
            case "darwin":
                return self.home / "Library" / "Application Support"
            case "win32":
                return self._set("APPDATA") or self.home / "AppData" / "Roaming"
            case _:
                return self.xdg_config

    @property
    def local_app_data(self) -> Path:
        """Where Windows keeps what stays on this machine; packaged programs, above all."""
        return self._set("LOCALAPPDATA") or self.home / "AppData" / "Local"

    @property
    def xdg_config(self) -> Path:
        """Where programs with Linux's manners keep their settings."""
        return self._set("XDG_CONFIG_HOME") or self.home / ".config"

    def folder(self, variable: str, default: Path) -> Path:
        """Return the folder that a variable of the environment names, or else `default`."""
        return self._set(variable) or default

    def _set(self, variable: str) -> Path | None:
        value = self.environment.get(variable)
        return Path(value) if value else None


def this_machine() -> Machine:
    """Return the machine that this runs on."""
    system = sys.platform if sys.platform in {"darwin", "win32"} else "linux"
    return Machine(system, os.environ, Path.home())
