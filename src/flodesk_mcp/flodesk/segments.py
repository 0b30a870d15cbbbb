"""Operations on segments."""

from pydantic import TypeAdapter

from flodesk_mcp.flodesk.directory import Directory
from flodesk_mcp.flodesk.errors import InvalidArgument
from flodesk_mcp.flodesk.models import Page, Segment, Text
from flodesk_mcp.flodesk.resource import Resource, given
from flodesk_mcp.flodesk.transport import Transport

__all__ = ["Segments"]

_SEGMENT = TypeAdapter(Segment)
_SEGMENTS = TypeAdapter(Page[Segment])
_COLORS = TypeAdapter(list[Text])


class Segments(Resource):
    """Named parts of the audience. The API can neither rename nor delete one."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self.segment_names = Directory("segment", self.list_segments)

    async def list_segments(self, *, page: int = 1, per_page: int = 20) -> Page[Segment]:
        """Return one page of at most 100 segments. Source: GET /segments."""
        return await self._send(_SEGMENTS, "GET", "segments", query={"page": page, "per_page": per_page})

    async def get_segment(self, id: str) -> Segment:
        """Return one segment. Raises NotFound. Source: GET /segments/{id}."""
        if id.strip().casefold() == "colors":
            raise InvalidArgument(f"{id!r} is no segment: under this path is the palette.")
        return await self._send(_SEGMENT, "GET", "segments", id)

    async def list_segment_colors(self) -> list[str]:
        """Return the palette as hex codes. Source: GET /segments/colors."""
        return await self._send(_COLORS, "GET", "segments", "colors")

    async def create_segment(self, name: str, color: str | None = None) -> Segment:
        """Create a segment; a repeat makes a second one, because names need not be unique.

        Without `color` it takes the first of the palette: Flodesk is reported to refuse a segment without one.
        Raises BadRequest for a color outside the palette. Source: POST /segments.
        """
        with self._transport.one_deadline():
            if color is None:
                color = next(iter(await self.list_segment_colors()), None)
            body = given({"name": name, "color": color})
            segment = await self._send(_SEGMENT, "POST", "segments", body=body, repeatable=False)
        self.segment_names.forget()
        return segment
