"""Tools on segments."""

from flodesk_mcp.flodesk import FlodeskClient, Segment
from flodesk_mcp.tools.arguments import Color, Limit, NextCursor, SegmentId, SegmentName
from flodesk_mcp.tools.paging import listing
from flodesk_mcp.tools.results import CreatedSegment, Everything, Listing, notice_of_twins
from flodesk_mcp.tools.spec import Toolset

toolset = Toolset("segments", "segments", default=True)


@toolset.tool("List segments", "GET /segments")
async def list_all_flodesk_segments(
    flodesk: FlodeskClient, limit: Limit = 20, next_cursor: NextCursor | None = None
) -> Listing[Segment]:
    """Show all segments with ids, the lists or groups that we have: what lists are there, how big are they, which has
    the most people, find a segment by a name that I forgot.
    """
    return await listing("list_segments", flodesk.segments.list, limit, next_cursor)


@toolset.tool("Get a segment", "GET /segments/{id}", target=("id",))
async def get_single_flodesk_segment_by_id(flodesk: FlodeskClient, id: SegmentId) -> Segment:
    """Tell how big one segment is right now: how many people are in this list. Who they are:
    list_all_flodesk_subscribers with segment_id.
    """
    return await flodesk.segments.get(id)


@toolset.tool(
    "Create a segment",
    "POST /segments",
    target=("name",),
)
async def create_a_flodesk_segment(
    flodesk: FlodeskClient, name: SegmentName, color: Color | None = None
) -> CreatedSegment:
    """Make a new segment, called as you want: set up a fresh list, I want a group, in a color such as pink. A repeat
    makes a second one; no tool can rename or delete it.
    """
    made = await flodesk.segments.create(name, color)
    notice = await notice_of_twins(
        made.id, flodesk.segments.names.ids_of(name), "A segment of this name existed before"
    )
    return CreatedSegment.model_validate(made.model_dump() | {"notice": notice})


@toolset.tool("List segment colors", "GET /segments/colors")
async def list_all_flodesk_segment_colors(flodesk: FlodeskClient) -> Everything[str]:
    """Give the color options: the shades (hex codes) that a new segment can have."""
    return Everything(result=await flodesk.segments.colors())
