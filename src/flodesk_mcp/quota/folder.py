"""The folder in which the processes of a user meet: a key, a file for each account, and one for each process.

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

__all__ = ["LockHeld", "MeetingFolder", "locked", "open_private"]

KEY_BYTES = 32
KEPT_SECONDS = 24 * 3600.0
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
FLAGS = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)  # Windows would put line ends into it
PROCESS, ACCOUNT = ".process", ".quota"


class LockHeld(OSError):
    """Another process is just at work there."""


def open_private(path: Path | str, flags: int) -> int:
    """Open a file that only this user may read, and no link to one; return its descriptor."""
    return os.open(path, flags | FLAGS, PRIVATE_FILE)


@contextmanager
def locked(path: Path | str) -> Iterator[int]:
    """Open a file, and keep the others out for the block, which should be short and must not wait for anything.

    Raises LockHeld when another process is at work in it, OSError when it cannot be used.
    """
    # Opened each time: who removes the file must not leave some processes with one that others do not see.
    descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
    try:
        if not try_lock(descriptor) or not os.fstat(descriptor).st_nlink:
            raise LockHeld
        yield descriptor
    finally:
        os.close(descriptor)


class MeetingFolder:
    """Nothing is opened or made before it is needed. Every method raises OSError when the folder cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.me = secrets.token_hex(8)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder if there is none, and keep the others from joining it for the block.

        Raises LockHeld when another process does that.
        """
        self.path.parent.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
        self.path.mkdir(PRIVATE_FOLDER, exist_ok=True)
        if os.name == "posix" and stat.S_IMODE(self.path.stat().st_mode) != PRIVATE_FOLDER:
            self.path.chmod(PRIVATE_FOLDER)
        with locked(self.path / "lock"):
            yield

    def join(self) -> None:
        """Show the others that this process lives, and remove what the dead have left. Call it with the lock held."""
        for path in self.path.glob("*" + PROCESS):
            if not self.is_alive(path.stem):
                path.unlink(missing_ok=True)
        for path in self.path.glob("*" + ACCOUNT):
            if path.stat().st_mtime < time.time() - KEPT_SECONDS:
                with suppress(OSError), locked(path):  # in use; or Windows, which removes nothing that is open
                    path.unlink(missing_ok=True)
        descriptor = open_private(self.path / (self.me + PROCESS), os.O_RDWR | os.O_CREAT)
        if not try_lock(descriptor):
            os.close(descriptor)
            raise OSError("the folder's file system has no locks")
        weakref.finalize(self, os.close, descriptor)

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
        """Tell whether a process of that name still runs."""
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
