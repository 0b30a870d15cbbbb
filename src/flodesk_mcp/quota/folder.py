"""The folder in which the processes of a user meet: one lock for all of it, a key, and a file for each process.

A process holds the lock of its own file for as long as it lives, so that the others see when it has died.
"""

import os
import secrets
import stat
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flodesk_mcp.quota.locking import try_lock

__all__ = ["LockHeld", "MeetingFolder", "open_private"]

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
        self._lock = os.fspath(path / "lock")

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
            os.utime(self._lock)
            if not self._joined:
                self._join()
            yield
        finally:
            os.close(descriptor)

    def last_locked_at(self) -> int:
        """Return a number that changes with every process that gets the lock; 0 where that cannot be seen."""
        try:
            return os.stat(self._lock).st_mtime_ns
        except OSError:
            return 0

    def key(self) -> bytes:
        """Return the key of this folder, drawn by the first process that ever asks. Call it with the lock held."""
        descriptor = open_private(self.path / "key", os.O_RDWR | os.O_CREAT)
        try:
            key = os.read(descriptor, KEY_BYTES)
            if len(key) < KEY_BYTES:  # new, or its writer was killed
                key = secrets.token_bytes(KEY_BYTES)
                os.lseek(descriptor, 0, os.SEEK_SET)
                os.write(descriptor, key)
            return key
        finally:
            os.close(descriptor)

    def is_alive(self, process: str) -> bool:
        """Tell whether a process of that name still runs. Call it with the lock held."""
        if process == self.me:
            return True
        if not process.isalnum():
            return False  # no name of ours
        try:
            descriptor = open_private(self.path / (process + PROCESS), os.O_RDWR)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        try:
            return not try_lock(descriptor)
        finally:
            os.close(descriptor)

    def _open_lock(self) -> int:
        return open_private(self._lock, os.O_RDWR | os.O_CREAT)

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
        for path in self.path.glob("*.quota"):
            if path.stat().st_mtime < time.time() - KEPT_SECONDS:
                path.unlink(missing_ok=True)
        descriptor = open_private(self.path / (self.me + PROCESS), os.O_RDWR | os.O_CREAT)
        if not try_lock(descriptor):
            os.close(descriptor)
            raise OSError("the folder's file system has no locks")
        weakref.finalize(self, os.close, descriptor)
        self._joined = True


def open_private(path: Path | str, flags: int) -> int:
    """Open a file that only this user may read, and no link to one; return its descriptor."""
    return os.open(path, flags | BINARY | getattr(os, "O_NOFOLLOW", 0), PRIVATE_FILE)
