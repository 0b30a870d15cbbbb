"""The folder in which the processes of a user meet: one lock for all of it, a key, and a file for each process.

A process holds the lock of its own file for as long as it lives, so that the others see when it has died.
"""

import os
import secrets
import stat
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flodesk_mcp.quota.locking import try_lock

__all__ = ["LockHeld", "MeetingFolder"]

KEY_BYTES = 32
KEPT_SECONDS = 24 * 3600.0
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
BINARY = getattr(os, "O_BINARY", 0)  # Windows would put line ends into it
PROCESS = ".process"


class LockHeld(OSError):
    """Another process is just at work in the folder."""


class MeetingFolder:
    """Nothing is opened or made before it is needed. Every method raises OSError when the folder cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.me = secrets.token_hex(8)
        self._joined = False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep the others out for the block, which should be short and must not wait for anything.

        Raises LockHeld when another process is at work.
        """
        # Opened each time: who removes the folder must not leave some processes with a lock that others do not see.
        try:
            descriptor = self._open_lock()
        except FileNotFoundError:
            self._make()
            descriptor = self._open_lock()
        try:
            if not try_lock(descriptor):
                raise LockHeld
            if not self._joined:
                self._join()
            yield
        finally:
            os.close(descriptor)

    def key(self) -> bytes:
        """Return the key of this folder, drawn by the first process that ever asks. Call it with the lock held."""
        path = self.path / "key"
        with suppress(FileNotFoundError):
            key = path.read_bytes()
            if len(key) == KEY_BYTES:
                return key
        key = secrets.token_bytes(KEY_BYTES)
        replace(path, key)
        return key

    def is_alive(self, process: str) -> bool:
        """Tell whether a process of that name still runs. Call it with the lock held."""
        if process == self.me:
            return True
        if not process.isalnum():
            return False  # no name of ours
        try:
            descriptor = _open(self.path / (process + PROCESS), os.O_RDWR)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        try:
            return not try_lock(descriptor)
        finally:
            os.close(descriptor)

    def _open_lock(self) -> int:
        return _open(self.path / "lock", os.O_RDWR | os.O_CREAT)

    def _make(self) -> None:
        self._joined = False  # if there was a folder before, it is gone, and this process's file with it
        self.path.parent.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
        self.path.mkdir(PRIVATE_FOLDER, exist_ok=True)

    def _join(self) -> None:
        """Show the others that this process lives, and remove what the dead have left."""
        if os.name == "posix" and stat.S_IMODE(self.path.stat().st_mode) != PRIVATE_FOLDER:
            self.path.chmod(PRIVATE_FOLDER)
        for path in self.path.glob("*" + PROCESS):
            if not self.is_alive(path.stem):
                path.unlink(missing_ok=True)
        for path in self.path.glob("*.json"):
            if path.stat().st_mtime < time.time() - KEPT_SECONDS:
                path.unlink(missing_ok=True)
        descriptor = _open(self.path / (self.me + PROCESS), os.O_RDWR | os.O_CREAT)
        if not try_lock(descriptor):
            os.close(descriptor)
            raise OSError("the folder's file system has no locks")
        weakref.finalize(self, os.close, descriptor)
        self._joined = True


def replace(path: Path, content: bytes) -> None:
    """Write a file that only this user may read, whole or not at all, even when the process is killed meanwhile."""
    unfinished = path.with_suffix(".new")
    descriptor = _open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        with open(descriptor, "wb", buffering=0) as file:
            file.write(content)
        os.replace(unfinished, path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
        raise


def _open(path: Path, flags: int) -> int:
    return os.open(path, flags | BINARY | getattr(os, "O_NOFOLLOW", 0), PRIVATE_FILE)
