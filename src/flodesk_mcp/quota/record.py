"""A small record in a file, changed in place: a process that is killed while it writes leaves the record before.

There are two places for it, used in turn, each with a number, a length and a checksum before the content. To write
another file and rename it would be the simpler way, but takes a hundred times as long on usual file systems.
"""

import os
import struct
import zlib
from typing import NamedTuple

__all__ = ["Damaged", "Record"]

PLACE_BYTES = 2**19
_HEADER = struct.Struct(">QII")


class Damaged(ValueError):
    """There is something in the file, but no record."""


class _Header(NamedTuple):
    number: int
    length: int
    checksum: int


class Record:
    """The record in an open file, which the caller has locked."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Take the next one for a new one, whatever it is."""
        self._seen: _Header | None = None
        self._before: _Header | None = None

    def read(self, descriptor: int) -> bytes | None:
        """Return the content, or None where it is what this process has seen last; b"" if nothing was ever written.

        Raises Damaged, and OSError.
        """
        # Whoever writes the next record writes it into the other place.
        if self._before and self._header(descriptor, self._before.number % 2) == self._before:
            return None
        headers = sorted(filter(None, (self._header(descriptor, place) for place in (0, 1))))
        while headers:
            header = headers.pop()
            if header == self._seen:
                return None
            content = _read(descriptor, _HEADER.size, header.length, header.number % 2)
            if zlib.crc32(content) == header.checksum and len(content) == header.length:
                self._seen, self._before = header, headers.pop() if headers else None
                return content
        self.forget()
        if os.fstat(descriptor).st_size:
            raise Damaged
        return b""

    def write(self, descriptor: int, content: bytes) -> None:
        """Put `content` in the place of the record that was read last.

        Raises OSError.
        """
        if len(content) > PLACE_BYTES - _HEADER.size:
            raise OSError("the record is too long")
        before = self._seen
        header = _Header(before.number + 1 if before else 0, len(content), zlib.crc32(content))
        self.forget()
        os.lseek(descriptor, header.number % 2 * PLACE_BYTES, os.SEEK_SET)
        if os.write(descriptor, data := _HEADER.pack(*header) + content) != len(data):
            raise OSError("the record was not written whole")
        self._seen, self._before = header, before

    def _header(self, descriptor: int, place: int) -> _Header | None:
        data = _read(descriptor, 0, _HEADER.size, place)
        header = _Header(*_HEADER.unpack(data)) if len(data) == _HEADER.size else None
        return header if header and header.number % 2 == place and 0 < header.length < PLACE_BYTES else None


def _read(descriptor: int, start: int, length: int, place: int) -> bytes:
    os.lseek(descriptor, place * PLACE_BYTES + start, os.SEEK_SET)  # Windows has no pread
    return os.read(descriptor, length)
