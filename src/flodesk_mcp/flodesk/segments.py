"""Operations on segments."""

from collections.abc import AsyncGenerator

from pydantic import TypeAdapter

from flodesk_mcp.api.errors import InvalidArgument
from flodesk_mcp.api.request import Request, given
from flodesk_mcp.api.retry import Sender
from flodesk_mcp.flodesk.directory import Directory
from flodesk_mcp.flodesk.listing import whole_list
from flodesk_mcp.flodesk.models import Page, Segment, Text

__all__ = ["Segments"]

_SEGMENT = TypeAdapter(Segment)
_SEGMENTS = TypeAdapter(Page[Segment])
_PALETTE = TypeAdapter(list[Text])

Palette = list[str]


class Segments:
    """Named parts of the audience. The API can neither rename nor delete one."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self.names = Directory("segment", sender, self.list)

    async def list(self, *, page: int = 1, per_page: int = 20) -> Page[Segment]:
        """Return one page of at most 100 segments. Source: GET /segments."""
        query = {"page": page, "per_page": per_page}
        return await self._sender.send(_SEGMENTS, Request("GET", "segments", query=query))

    def every(self) -> AsyncGenerator[Segment, None]:
        """Yield every segment, while others may change the list. See whole_list."""
        return whole_list(lambda page, per_page: self.list(page=page, per_page=per_page))

    async def get(self, id: str) -> Segment:
        """Return one segment. Raises NotFound. Source: GET /segments/{id}."""
        if id.strip().casefold() == "colors":
            raise InvalidArgument(f"{id!r} is no segment: under this path is the palette.")
        return await self._sender.send(_SEGMENT, Request("GET", "segments", id))

    async def colors(self) -> Palette:
        """Return the palette as hex codes. Source: GET /segments/colors."""
        return await self._sender.send(_PALETTE, Request("GET", "segments", "colors"))

    async def create(self, name: str, color: str | None = None) -> Segment:
        """Create a segment; a repeat makes a second one, because names need not be unique.

        Without `color` it takes the first of the palette: Flodesk is reported to refuse a segment without one.
        Raises BadRequest for a color outside the palette. Source: POST /segments.
        """
        with self._sender.one_deadline():
            if color is None:
                color = next(iter(await self.colors()), None)
            body = given({"name": name, "color": color})
            segment = await self._sender.send(_SEGMENT, Request("POST", "segments", body=body, repeatable=False))
        self.names.forget()
        return segment
