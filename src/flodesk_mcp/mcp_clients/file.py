"""One file of a client: read whole, changed as little as possible, replaced at once."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flodesk_mcp.mcp_clients.edit import NotValid
from flodesk_mcp.mcp_clients.entries import NAME, Entry
from flodesk_mcp.mcp_clients.known import McpClient

__all__ = ["Change", "ConfigFile"]

_BOM = "\ufeff"
_ONLY_MINE = 0o600


@dataclass(frozen=True)
class Change:
    """What a file holds, and what it shall hold. `replaces` is the entry that goes."""

    before: str | None
    after: str
    replaces: Entry | None

    @property
    def needed(self) -> bool:
        """Whether the file changes."""
        return (self.before or "") != self.after


class ConfigFile:
    """The file in which a client keeps its servers. It need not be there yet."""

    def __init__(self, client: McpClient, path: Path) -> None:
        self.client = client
        self.path = path

    def adding(self, entry: Entry) -> Change:
        """Return what it takes to have `entry`. Raises NotValid, and OSError where the file cannot be read."""
        return self._changed(lambda text: self.client.editor.with_entry(text, self.client.servers, NAME, entry))

    def removing(self) -> Change:
        """Return what it takes to have no entry. Raises NotValid, and OSError where the file cannot be read."""
        return self._changed(lambda text: self.client.editor.without_entry(text, self.client.servers, NAME))

    def make(self, change: Change) -> Path | None:
        """Write what `change` says, whole or not at all, and return the copy that is kept of the file before.

        Raises OSError, and NotValid when the file is not any more what `change` was made for.
        """
        target = self.path.resolve()  # a link stays one
        target.parent.mkdir(parents=True, exist_ok=True)
        if _text(target) != change.before:
            raise NotValid("it has changed meanwhile: run the command again")
        backup = None
        if change.before is not None:
            backup = target.with_name(f"{target.name}.{time.strftime('%Y%m%d-%H%M%S')}.backup")
            shutil.copy2(target, backup)
        mode = target.stat().st_mode & 0o7777 if backup else _ONLY_MINE
        handle, written = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(change.after.encode())
                file.flush()
                os.fsync(file.fileno())
            Path(written).chmod(mode)
            Path(written).replace(target)
        except BaseException:
            Path(written).unlink(missing_ok=True)
            raise
        return backup

    def _changed(self, edited: Callable[[str], str]) -> Change:
        before = _text(self.path)
        mark = _BOM if (before or "").startswith(_BOM) else ""
        bare = (before or "").removeprefix(_BOM)
        replaces = self.client.editor.entry(bare, self.client.servers, NAME)
        return Change(before, mark + edited(bare), replaces)


def _text(path: Path) -> str | None:
    """Return what a file holds, to the last sign; None if there is no file. Raises NotValid for what is no text."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise NotValid("it is not text in UTF-8") from None
