"""Tools on events: what happened on the list, as Flodesk's webhooks told and Flodesk itself bears out."""

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.tools.arguments import Limit, NextCursor
from flodesk_mcp.tools.event_listing import EventListing, EventSegment, EventType, InvolvedPerson, Since, list_events
from flodesk_mcp.tools.spec import Toolset

toolset = Toolset("events", "events as they happen", in_all=False)


@toolset.tool("List events", "GET /subscribers/{id_or_email}")
async def list_flodesk_events(
    caller: Caller,
    since: Since | None = None,
    type: EventType | None = None,
    segment: EventSegment | None = None,
    person: InvolvedPerson | None = None,
    limit: Limit = 20,
    next_cursor: NextCursor | None = None,
) -> EventListing:
    """Show the latest events and their times (news, activity lately): when did somebody leave, who has just
    unsubscribed, joined a segment, or has anything come in since yesterday. Only what webhooks with post_url here told
    and Flodesk bears out.
    """
    return await list_events(caller, since, type, segment, person, limit, next_cursor)
