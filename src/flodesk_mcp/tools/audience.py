"""Tools that work on the whole list."""

from pydantic import BaseModel

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.tools.arguments import (
    Conditions,
    Days,
    Limit,
    Match,
    NextCursor,
    Refresh,
    SegmentId,
    SubscriberFields,
)
from flodesk_mcp.tools.finding import FoundSubscribers, find
from flodesk_mcp.tools.spec import Toolset

toolset = Toolset("audience", "work on the whole list")


@toolset.tool("Search subscribers", "GET /subscribers")
async def search_flodesk_subscribers(
    caller: Caller,
    where: Conditions | None = None,
    match: Match = "all",
    fields: SubscriberFields | None = None,
    limit: Limit = 20,
    next_cursor: NextCursor | None = None,
    refresh: Refresh | None = None,
) -> FoundSubscribers:
    """Search (find, filter, look for, count) people among everybody on the list, by any field, custom fields and
    segments too: whose name, address or birthday is like this, who joined after a date, who is in one segment but has
    no first name. total_items counts all who match. Works on a copy of the list; as_of says how old it is.
    """
    return await find(caller, where, match, fields, limit, next_cursor, refresh=bool(refresh))


def _report() -> type[BaseModel]:
    from flodesk_mcp.audience.report import Report

    return Report


@toolset.tool("Report on the audience", "GET /subscribers", target=("segment_id",), answer=_report)
async def get_flodesk_audience_report(
    caller: Caller, segment_id: SegmentId | None = None, days: Days = 90
) -> BaseModel:
    """Summarize the whole audience, or one segment, in numbers (statistics, analytics, growth): how many by status and
    source, sign-ups per week, how many left, how large segments are and which overlap, how complete custom fields are,
    addresses with typos, probable duplicates. No opens, clicks or revenue.
    """
    report = await caller.audience.report(segment_id, days)
    return (report.without_addresses() if caller.masked else report).shortened()
