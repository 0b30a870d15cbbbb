"""Tools that read HighLevel's social planner."""

from typing import Annotated

from pydantic import Field, NonNegativeInt, TypeAdapter

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.flodesk import NoCredential
from flodesk_mcp.highlevel.adapter import HighLevelAdapter
from flodesk_mcp.highlevel.models import User
from flodesk_mcp.highlevel.social import SocialTag, Statistics
from flodesk_mcp.tools.arguments import FirstError, Limit, NextCursor, Trimmed
from flodesk_mcp.tools.given import FromJson
from flodesk_mcp.tools.paging import made_with_other, sealed, unsealed
from flodesk_mcp.tools.results import Everything, Listing

TagSearch = Annotated[str, Trimmed, Field(max_length=200, description="Text in the tag.")]
UserId = Annotated[str, Trimmed, Field(max_length=100, description="User id.")]
Ids = Annotated[list[Annotated[str, Trimmed]], FirstError, FromJson]
TagIds = Annotated[Ids, Field(min_length=1, max_length=100, description="1 to 100 ids.")]
ProfileIds = Annotated[Ids, Field(min_length=1, max_length=100, description="1 to 100 ids of social accounts.")]
Platforms = Annotated[Ids, Field(min_length=1, max_length=20, description="Such as instagram; default all.")]

LIST = "list_highlevel_social_tags"
_CONTENT = TypeAdapter(tuple[str, NonNegativeInt, Annotated[int, Field(ge=1, le=100)], str])


async def list_highlevel_social_tags(
    caller: Caller, search: TagSearch | None = None, limit: Limit = 20, next_cursor: NextCursor | None = None
) -> Listing[SocialTag]:
    """List the tags that posts have in HighLevel's social planner, all or those with a text in them."""
    skip = 0
    if next_cursor is not None:
        _, skip, limit, made_with = unsealed(next_cursor, LIST, _CONTENT)
        if search not in {None, made_with}:
            raise made_with_other("search")
        search = made_with or None
    found = await _highlevel(caller).social.tags(search=search, limit=limit, skip=skip)

    def cursor(place: int) -> str:
        return sealed([LIST, place, limit, search or ""])

    end = skip + len(found.tags)
    more = bool(found.tags) and (end < found.count if found.count is not None else len(found.tags) == limit)
    listing: Listing[SocialTag] = Listing(
        result=found.tags, total_items=found.count, next_cursor=cursor(end) if more else None
    )
    return listing.resumed_by(lambda row: cursor(skip + row))


async def get_highlevel_social_tag_details(caller: Caller, tag_ids: TagIds) -> Everything[SocialTag]:
    """Show some tags of posts, by their ids."""
    found = await _highlevel(caller).social.tag_details(tag_ids)
    return Everything(result=found.tags)


async def get_highlevel_social_statistics(
    caller: Caller, profile_ids: ProfileIds, platforms: Platforms | None = None
) -> Statistics:
    """Show how posts did in the last 7 days, beside the 7 before: posts, likes, followers, impressions, comments. The
    ids of social accounts stand in HighLevel.
    """
    return await _highlevel(caller).social.statistics(profile_ids, platforms)


async def get_highlevel_user(caller: Caller, user_id: UserId) -> User:
    """Show somebody who works with the HighLevel account, such as who made a tag."""
    return await _highlevel(caller).user(user_id)


def _highlevel(caller: Caller) -> HighLevelAdapter:
    provider = caller.providers.get(HighLevelAdapter.id)
    if not isinstance(provider, HighLevelAdapter):
        raise NoCredential("HighLevel is not set up here.")
    return provider
