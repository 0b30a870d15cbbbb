"""Tools that work on the whole list."""

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.tools.arguments import Conditions, Limit, Match, NextCursor, Refresh, SubscriberFields
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
