"""A form with a file in it, read as it comes: nothing of it is held in memory.

Python-multipart finds the parts; this makes of its callbacks what is read one after the other (RFC 7578).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from flodesk_mcp.web.forms import FormError

__all__ = ["FileForm"]

MOST_FIELD_BYTES = 1_000
MOST_FIELDS = 10
MOST_BEHIND_BYTES = 64 << 10
MOST_SILENT_SECONDS = 30
WRONG = "What your browser sent is no form with a file."


@dataclass
class _Part:
    """A part of the form: a field, or the file. `more` is what came of it and was not taken yet."""

    name: str
    filename: str | None
    more: bytearray
    is_whole: bool = False


class FileForm:
    """The fields that stand before the file, and then the file. What stands behind it is not looked at."""

    def __init__(self, request: Request) -> None:
        """Raise FormError for what is no such form."""
        kind, options = parse_options_header(request.headers.get("content-type"))
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise FormError(WRONG)
        self._stream = request.stream()
        self._parts: list[_Part] = []
        self._header, self._value, self._disposition = bytearray(), bytearray(), b""
        try:
            self._parser = MultipartParser(
                options[b"boundary"],
                {
                    "on_part_begin": self._begin,
                    "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_finished,
                    "on_part_data": lambda data, start, end: self._parts[-1].more.extend(data[start:end]),
                    "on_part_end": self._end,
                },
            )
        except FormParserError as error:
            raise FormError(WRONG) from error

    async def fields(self) -> dict[str, str]:
        """Return the fields that stand before the file. Raises FormError."""
        found: dict[str, str] = {}
        while not self._parts or self._parts[0].filename is None:
            if self._parts and self._parts[0].is_whole:
                field = self._parts.pop(0)
                found[field.name] = field.more.decode("utf-8", "replace")
            elif (self._parts and len(self._parts[0].more) > MOST_FIELD_BYTES) or len(found) > MOST_FIELDS:
                raise FormError(WRONG)
            else:
                await self._read()
        return found

    @property
    def filename(self) -> str:
        """What the person's computer calls the file; blank where none was chosen."""
        return (self._parts[0].filename or "").replace("\\", "/").rpartition("/")[2]

    async def content(self) -> AsyncIterator[bytes]:
        """Yield the file. Raises FormError where it breaks off."""
        file = self._parts[0]
        while file.more or not file.is_whole:
            if file.more:
                content = bytes(file.more)
                file.more.clear()
                yield content
            else:
                await self._read()
        await self._read_end()

    async def _read_end(self) -> None:
        """Read what stands behind the file, a little: an answer before the end of a form breaks the connection."""
        read = 0
        async for chunk in self._stream:
            read += len(chunk)
            if read > MOST_BEHIND_BYTES:
                return

    async def _read(self) -> None:
        try:
            with anyio.fail_after(MOST_SILENT_SECONDS):
                chunk = await anext(self._stream)
            self._parser.write(chunk)
            if not chunk:  # the last one
                self._parser.finalize()
                raise FormError(WRONG)
        except TimeoutError as error:
            raise FormError("The file did not arrive: nothing came for half a minute.", 408) from error
        except (FormParserError, StopAsyncIteration) as error:
            raise FormError(WRONG) from error

    def _begin(self) -> None:
        self._disposition = b""

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        filename = options.get(b"filename")
        self._parts.append(
            _Part(
                options.get(b"name", b"").decode("utf-8", "replace"),
                None if filename is None else filename.decode("utf-8", "replace"),
                bytearray(),
            )
        )

    def _end(self) -> None:
        self._parts[-1].is_whole = True
