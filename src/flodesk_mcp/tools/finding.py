"""A search through everybody, with a cursor that stays right while the copy is refreshed."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, TypeAdapter

from flodesk_mcp.flodesk import InvalidArgument, Personal, Subscriber
from flodesk_mcp.tools.list_arguments import ConditionRow
from flodesk_mcp.tools.paging import made_with_other, sealed, unsealed
from flodesk_mcp.tools.results import Listing, SubscriberListing, subscriber_listing

if TYPE_CHECKING:
    from flodesk_mcp.audience.audience import Audience

__all__ = ["FoundSubscribers", "check_not_probing", "find"]

NAME = "search_subscribers"
Match = Literal["all", "any"]
Rows = list[tuple[str, str, str]]

_CONTENT = TypeAdapter(tuple[str, Annotated[int, Field(ge=1, le=100)], int, str, Rows, Match])

OPEN = frozenset(
    {"segment"}
    | {
        name
        for name in ("status", "source", "created_at")
        if not any(isinstance(mark, Personal) for mark in Subscriber.model_fields[name].metadata)
    }
)
"""Fields whose values tell nothing of who somebody is. All others, custom fields among them, may."""


class FoundSubscribers(SubscriberListing):
    """A page of those who match, and how old what was searched is."""

    as_of: str = Field(description="When the copy was read, and which part of it may be older")


async def find(
    audience: "Audience",
    where: Sequence[ConditionRow] | None,
    match: Match,
    fields: Sequence[str] | None,
    limit: int,
    next_cursor: str | None,
    *,
    refresh: bool,
    masked: bool,
) -> FoundSubscribers:
    """Return the page of those who match that `next_cursor` stands for, or the first.

    The cursor carries the conditions, which may be left out with it. To a caller to whom personal data is `masked`,
    nothing about it is told by conditions either. Raises InvalidArgument, FlodeskError.
    """
    from flodesk_mcp.audience.conditions import Condition  # with the first search: it brings SQLAlchemy with it
    from flodesk_mcp.audience.mirror import Place

    asked: Rows = [(row.field, row.operator, row.value) for row in where or ()]
    after = None
    if next_cursor is not None:
        _, limit, created_us, last, made_with, made_match = unsealed(next_cursor, NAME, _CONTENT)
        if asked and (asked, match) != (made_with, made_match):
            raise made_with_other("where")
        asked, match, after = made_with, made_match, Place(created_us, last)
    if masked:
        check_not_probing(field for field, _, _ in asked)
    found = await audience.search(
        await audience.where([Condition(*row) for row in asked], match), after, limit, refresh=refresh
    )

    def cursor(row: int) -> str:
        place = found.places[row - 1]
        return sealed([NAME, limit, place.created_us, place.id, asked, match])

    page: Listing[Subscriber] = Listing(
        result=found.people, total_items=found.total, next_cursor=cursor(len(found.people)) if found.has_more else None
    ).resumed_by(cursor)
    listed = subscriber_listing(page, fields)
    return FoundSubscribers.model_construct(**dict(listed), as_of=found.as_of).resumed_by(cursor)


def check_not_probing(fields: Iterable[str]) -> None:
    """Raise InvalidArgument for a condition on what is masked: one letter after the other would tell it."""
    if hidden := [field for field in fields if field not in OPEN]:
        raise InvalidArgument(
            f"personal data is masked here (FLODESK_PERSONAL_DATA), so nobody can be searched by {hidden[0][:80]!r}. "
            f"Open are {', '.join(sorted(OPEN))}."
        )
