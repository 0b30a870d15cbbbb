"""Where the text of an export goes: into a file that appears when it is complete, or into parts of the job itself."""

import hashlib
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import anyio.to_thread

from flodesk_mcp.audience.errors import FileRefused

__all__ = ["PRIVATE_FILE", "Digest", "InFile", "InParts", "appear", "digest_of_file"]

PART_CHARACTERS = 60_000
"""Of each part that a client reads: about what a tool's answer may hold."""

BLOCK = 1 << 20
PRIVATE_FILE = 0o600


class Digest(NamedTuple):
    """How to recognise a text: its size in bytes and its SHA-256."""

    size: int
    sha256: str


class InFile:
    """A file under a temporary name, beside the one that it will become."""

    def __init__(self, path: Path, job_id: str) -> None:
        self.path = path
        self.temporary = path.with_name(f".{path.name}.{job_id}.part")
        self._file: Any = None

    @property
    def is_there(self) -> bool:
        """Whether what was written is anywhere."""
        return self.temporary.exists() or self.path.exists()

    async def open(self, position: int) -> bool:
        """Go on behind `position`, or tell that what was written is gone. Raises OSError."""
        self.close()
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        self._file = os.fdopen(os.open(self.temporary, flags, PRIVATE_FILE), "r+b")
        if self._file.seek(0, os.SEEK_END) < position:
            return False
        self._file.truncate(position)
        self._file.seek(position)
        return True

    async def write(self, lines: Sequence[str]) -> None:
        """Add lines. Raises OSError."""
        self._file.write("".join(lines).encode())

    async def settle(self) -> tuple[int, list[str]]:
        """Make sure that what was written is on the disk; return the position."""
        self._file.flush()
        await anyio.to_thread.run_sync(os.fsync, self._file.fileno())
        return self._file.tell(), []

    async def finish(self, read: Callable[[int], Awaitable[str | None]]) -> Digest:
        """Return what the whole text is, read from the disk once more."""
        self.close()
        where = self.temporary if self.temporary.exists() else self.path
        return await anyio.to_thread.run_sync(digest_of_file, where)

    def appear(self, digest: Digest) -> None:
        """Give the file its name, unless another file has it.

        Raises FileRefused, OSError.
        """
        try:
            appear(self.temporary, self.path)
        except FileExistsError:
            if digest_of_file(self.path) != digest:  # it is ours where only its end was not recorded
                raise FileRefused(
                    f"{str(self.path)!r} was made by another meanwhile, and is not overwritten: move it away; "
                    "`flodesk-mcp jobs run` then finishes the export."
                ) from None
        self.temporary.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


class InParts:
    """Parts that are recorded with the job; put together they are the text."""

    def __init__(self, recorded: int) -> None:
        """Take how many parts were recorded."""
        self.recorded = recorded
        self._parts: list[str] = []

    async def open(self, position: int) -> bool:
        """Go on: what was recorded is there as long as the job."""
        return True

    async def write(self, lines: Sequence[str]) -> None:
        """Add lines; none is divided between parts."""
        for line in lines:
            if not self._parts or len(self._parts[-1]) + len(line) > PART_CHARACTERS:
                self._parts.append("")
            self._parts[-1] += line

    async def settle(self) -> tuple[int, list[str]]:
        """Return the number of parts with those that were just written, and these."""
        parts, self._parts = self._parts, []
        self.recorded += len(parts)
        return self.recorded, parts

    async def finish(self, read: Callable[[int], Awaitable[str | None]]) -> Digest:
        """Return what all parts together are."""
        size, made = 0, hashlib.sha256()
        for number in range(1, self.recorded + 1):
            part = (await read(number) or "").encode()
            size += len(part)
            made.update(part)
        return Digest(size, made.hexdigest())


def appear(temporary: Path, path: Path) -> None:
    """Give a file its name in one step; `temporary` may stay.

    Raises FileExistsError where the name is taken, and OSError.
    """
    if os.name == "nt":
        temporary.rename(path)  # which never replaces a file there
        return
    if not temporary.exists() and path.exists():
        raise FileExistsError
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: reserve the name, and take its place
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
        temporary.replace(path)


def digest_of_file(path: Path) -> Digest:
    """Return what a file is. Raises OSError."""
    size, made = 0, hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            size += len(block)
            made.update(block)
    return Digest(size, made.hexdigest())
