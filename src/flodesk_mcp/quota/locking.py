"""Locks on files that end with the process that holds them, however it ends."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

__all__ = ["locked_file", "try_lock"]

TRIED_EVERY_SECONDS = 0.02

if sys.platform == "win32":
    import msvcrt

    def try_lock(descriptor: int) -> bool:
        """Lock an open file for as long as it is open, or return False at once if another has the lock."""
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Lock an open file for as long as it is open, or return False at once if another has the lock."""
        try:
            # Not lockf: its locks end when the process closes any descriptor of the file.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@asynccontextmanager
async def locked_file(path: Path, seconds: float) -> AsyncIterator[None]:
    """Hold the lock of the file at `path`, made for this user alone if there is none; wait for it so many seconds.

    Raises TimeoutError, and OSError where there can be no such file.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        with anyio.fail_after(seconds):
            while not try_lock(descriptor):  # noqa: ASYNC110 - another process lets go
                await anyio.sleep(TRIED_EVERY_SECONDS)
        yield
    finally:
        os.close(descriptor)
