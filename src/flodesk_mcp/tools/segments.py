"""Tools on segments."""

from flodesk_mcp.flodesk import FlodeskClient, Segment
from flodesk_mcp.tools.arguments import Color, Limit, NextCursor, SegmentId, SegmentName
from flodesk_mcp.tools.catalog import tool
from flodesk_mcp.tools.paging import listing
from flodesk_mcp.tools.results import Everything, Listing


@tool("List segments", "GET /segments")
async def list_all_flodesk_segments(
    flodesk: FlodeskClient, limit: Limit = 20, next_cursor: NextCursor | None = None
) -> Listing[Segment]:
    """List the segments of the audience with ids and numbers of active subscribers."""
    return await listing(flodesk.list_segments, limit, next_cursor)


@tool("Get a segment", "GET /segments/{id}")
async def get_single_flodesk_segment_by_id(flodesk: FlodeskClient, id: SegmentId) -> Segment:
    """Get one segment by id or exact name. Its people: list_all_flodesk_subscribers with segment_id."""
    return await flodesk.get_segment(id)


@tool("Create a segment", "POST /segments")
async def create_a_flodesk_segment(flodesk: FlodeskClient, name: SegmentName, color: Color | None = None) -> Segment:
    """Create an empty segment. A repeat makes a second one of the same name; no tool can rename or delete one."""
    return await flodesk.create_segment(name, color)


@tool("List segment colors", "GET /segments/colors")
async def list_all_flodesk_segment_colors(flodesk: FlodeskClient) -> Everything[str]:
    """List the palette: the hex codes that a new segment's color can have."""
    return Everything(result=await flodesk.list_segment_colors())
