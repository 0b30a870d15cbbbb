"""Operations of the social planner that read."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, TypeAdapter

from flodesk_mcp.api.fields import NULL_IS_EMPTY, ROWS_OR_NONE, CamelModel, Count, OptionalText, Text
from flodesk_mcp.api.request import Request
from flodesk_mcp.api.retry import Sender
from flodesk_mcp.highlevel.models import Flag

__all__ = ["SocialPlanner", "SocialTag", "SocialTags", "Statistics"]


class SocialTag(CamelModel):
    """A tag of posts."""

    id: Text = Field(validation_alias=AliasChoices("_id", "id"))
    tag: OptionalText = None
    created_by: OptionalText = None
    deleted: Flag = None
    created_at: OptionalText = None
    updated_at: OptionalText = None


class SocialTags(CamelModel):
    """Tags of posts, and how many there are."""

    tags: Annotated[list[SocialTag], NULL_IS_EMPTY]
    count: Count = None


class _TagsAnswer(CamelModel):
    results: SocialTags


def _map(value: Any) -> Any:
    return value if isinstance(value, dict) else None


AnyMap = Annotated[dict[str, Any] | None, BeforeValidator(_map)]


class Statistics(CamelModel):
    """Seven days of the connected profiles, beside the seven before. Most of its form is not documented."""

    day_range: Annotated[list[Text] | None, ROWS_OR_NONE] = None
    totals: AnyMap = None
    platform_totals: AnyMap = None
    post_performance: AnyMap = None
    breakdowns: AnyMap = None
    demographics: AnyMap = None


class _StatisticsAnswer(CamelModel):
    results: Statistics


_TAGS = TypeAdapter(_TagsAnswer)
_STATISTICS = TypeAdapter(_StatisticsAnswer)


class SocialPlanner:
    """What the social planner of a location tells. Two of its questions are put by POST, and change nothing."""

    def __init__(self, sender: Sender, location_id: str) -> None:
        self._sender = sender
        self._location_id = location_id

    async def tags(self, *, search: str | None = None, limit: int = 20, skip: int = 0) -> SocialTags:
        """Return some of the tags. Source: GET /social-media-posting/{locationId}/tags."""
        query = {"searchText": search, "limit": limit, "skip": skip}
        request = Request("GET", "social-media-posting", self._location_id, "tags", query=query)
        return (await self._sender.send(_TAGS, request)).results

    async def tag_details(self, tag_ids: Sequence[str]) -> SocialTags:
        """Return the tags of these ids. Source: POST /social-media-posting/{locationId}/tags/details."""
        body = {"tagIds": list(tag_ids)}
        request = Request("POST", "social-media-posting", self._location_id, "tags", "details", body=body, reads=True)
        return (await self._sender.send(_TAGS, request)).results

    async def statistics(self, profile_ids: Sequence[str], platforms: Sequence[str] | None = None) -> Statistics:
        """Return the last seven days of up to 100 profiles. Source: POST /social-media-posting/statistics."""
        body = {"profileIds": list(profile_ids)} | ({"platforms": list(platforms)} if platforms else {})
        query = {"locationId": self._location_id}
        request = Request("POST", "social-media-posting", "statistics", query=query, body=body, reads=True)
        return (await self._sender.send(_STATISTICS, request)).results
