"""Operations on segments."""

from typing import Annotated

from pydantic import TypeAdapter

from flodesk_mcp.api.request import Request
from flodesk_mcp.api.retry import Sender
from flodesk_mcp.flownurture.models import BARE, IN_WHATEVER, Segment

__all__ = ["Segments"]

_SEGMENT: TypeAdapter[Segment] = TypeAdapter(Annotated[Segment, IN_WHATEVER])
_SEGMENTS: TypeAdapter[list[Segment]] = TypeAdapter(Annotated[list[Segment], BARE])


class Segments:
    """Parts of the audience, made by rules. The API does not tell who is in one."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def all(self) -> list[Segment]:
        """Return the segments; whether there are pages of them is not known. Source: GET /segments."""
        return await self._sender.send(_SEGMENTS, Request("GET", "segments"))

    async def get(self, id: str) -> Segment:
        """Return one segment, with groups of rules in a form that is not known. Raises NotFound.

        Source: GET /segments/{id}.
        """
        return await self._sender.send(_SEGMENT, Request("GET", "segments", id))
