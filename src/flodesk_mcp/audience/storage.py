"""Where mirror and jobs of an account live: files on a person's own machine, or memory for the embedded Flodesk."""

import os
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import anyio.to_thread

from flodesk_mcp.audience.forgetting import mark_used
from flodesk_mcp.audience.job_tables import JOB_TABLES, JOB_TABLES_VERSION
from flodesk_mcp.audience.rows import Rows
from flodesk_mcp.audience.sqlite import PRIVATE_FILE, SqliteFile
from flodesk_mcp.audience.tables import METADATA, SCHEMA_VERSION
from flodesk_mcp.quota.locking import try_lock

__all__ = ["LocalStorage", "Storage"]

REBUILD = (
    "To build it anew, search with `refresh`, or run `flodesk-mcp mirror refresh`: the old file is kept aside, and "
    "nothing is lost, because everything in it is in Flodesk."
)


ONLY = ""
"""The account in a mirror of its own: a long name would stand in every row, and again in each index of it."""


class Storage(Protocol):
    """What one account's mirror and jobs are kept in."""

    @property
    def mirror(self) -> Rows:
        """The rows of the mirror."""

    @property
    def jobs(self) -> Rows:
        """The rows of the jobs."""

    def has_jobs(self) -> bool:
        """Tell whether there may be any."""

    def turn(self) -> AbstractAsyncContextManager[bool]:
        """Hold what must be held to run jobs, for a block; it gets whether nobody else holds it."""

    async def exists(self) -> bool:
        """Tell whether there is a mirror."""

    def lock(self, name: str) -> AbstractAsyncContextManager[bool]:
        """Hold a lock that ends with this process, for a block; it gets whether nobody else holds it."""

    async def used(self) -> None:
        """Take note that the mirror is in use."""

    async def forget(self) -> None:
        """Delete the mirror."""

    async def erase(self) -> None:
        """Delete everything of the account: the mirror, jobs and their reports, plans, exports."""

    async def set_aside(self) -> str | None:
        """Begin a new mirror, and keep the old one aside; return where, or None where there was none."""

    def place(self) -> str:
        """Return where it is, for people."""

    async def aclose(self) -> None:
        """Close what is open."""


class LocalStorage:
    """The files of one account in a folder of this user's, named by `name`; without a folder, in memory."""

    def __init__(self, folder: Path | None, name: str) -> None:
        self._folder = folder / "audience" / name if folder else None
        mirror = self._folder / "mirror.sqlite3" if self._folder else None
        self._file = SqliteFile(mirror, METADATA, SCHEMA_VERSION, REBUILD)
        self._held: set[str] = set()
        self.mirror = Rows(self._file, ONLY)
        jobs = self._folder / "jobs.sqlite3" if self._folder else None
        self._jobs_file = SqliteFile(jobs, JOB_TABLES, JOB_TABLES_VERSION)
        self.jobs = Rows(self._jobs_file, name)

    async def exists(self) -> bool:
        """Tell whether there is a mirror."""
        return self._file.exists()

    @asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[bool]:
        """Hold a lock that ends with this process, for a block; it gets whether nobody else holds it."""
        if self._folder is None:
            is_free = name not in self._held
            self._held.add(name)
            try:
                yield is_free
            finally:
                if is_free:
                    self._held.discard(name)
            return
        self._folder.mkdir(0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        try:
            yield try_lock(descriptor)
        finally:
            os.close(descriptor)

    def has_jobs(self) -> bool:
        """Tell whether there may be any."""
        return self._jobs_file.exists()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[bool]:
        """Give everybody the turn: in files the lease on a job decides, which ends although a process hangs."""
        yield True

    async def used(self) -> None:
        """Take note that the mirror is in use."""
        if self._folder:
            mark_used(self._folder)

    async def forget(self) -> None:
        """Delete the mirror."""
        await self._file.remove()

    async def erase(self) -> None:
        """Delete everything of the account: the mirror, jobs and their reports, plans, exports."""
        await self.aclose()
        if self._folder and self._folder.is_dir():
            await anyio.to_thread.run_sync(shutil.rmtree, self._folder)

    async def set_aside(self) -> str | None:
        """Begin a new mirror, and keep the old one aside; return where, or None where there was none."""
        kept = await self._file.set_aside(time.strftime("kept-%Y%m%dT%H%M%S"))
        return str(kept) if kept else None

    def place(self) -> str:
        """Return where it is, for people."""
        return str(self._file.path or "memory, until the server ends")

    async def aclose(self) -> None:
        """Close what is open."""
        await self._file.aclose()
        await self._jobs_file.aclose()
