"""Pages of a provider's lists, with cursors that say of which provider they are."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import Field, NonNegativeInt, TypeAdapter

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.providers import Contact, ContactSegment, ContactWorkflow, Provider, Rows
from flodesk_mcp.tools.paging import made_with_other, sealed, unsealed
from flodesk_mcp.tools.results import Listing

__all__ = ["contact_page", "segment_page", "workflow_page"]

_CONTENT = TypeAdapter(
    tuple[str, str, int | list[Any] | None, NonNegativeInt, Annotated[int, Field(ge=1, le=100)], dict[str, str]]
)


Item = TypeVar("Item", Contact, ContactSegment, ContactWorkflow)


async def contact_page(
    caller: Caller, provider: str | None, limit: int, next_cursor: str | None, **filters: str | None
) -> Listing[Contact]:
    """Return one page of contacts. Raises InvalidArgument, FlodeskError."""

    def fetch(there: Provider, limit: int, after: Any, filters: dict[str, str]) -> Awaitable[Rows[Contact]]:
        there.check("list_contacts", filters)
        if segment_id := filters.get("segment_id"):
            caller.providers.check_belongs(there, segment_id)
        return there.list_contacts(
            limit=limit,
            after=after,
            search=filters.get("search"),
            segment_id=filters.get("segment_id"),
            status=filters.get("status"),
        )

    return await _page(caller, "list_contacts", fetch, provider, limit, next_cursor, filters)


async def segment_page(
    caller: Caller, provider: str | None, limit: int, next_cursor: str | None
) -> Listing[ContactSegment]:
    """Return one page of segments. Raises InvalidArgument, FlodeskError."""

    def fetch(there: Provider, limit: int, after: Any, _: dict[str, str]) -> Awaitable[Rows[ContactSegment]]:
        there.check("list_contact_segments", {})
        return there.list_segments(limit=limit, after=after)

    return await _page(caller, "list_contact_segments", fetch, provider, limit, next_cursor, {})


async def workflow_page(
    caller: Caller, provider: str | None, limit: int, next_cursor: str | None
) -> Listing[ContactWorkflow]:
    """Return one page of workflows. Raises InvalidArgument, FlodeskError."""

    def fetch(there: Provider, limit: int, after: Any, _: dict[str, str]) -> Awaitable[Rows[ContactWorkflow]]:
        there.check("list_contact_workflows", {})
        return there.list_workflows(limit=limit, after=after)

    return await _page(caller, "list_contact_workflows", fetch, provider, limit, next_cursor, {})


async def _page(
    caller: Caller,
    tool: str,
    fetch: Callable[[Provider, int, Any, dict[str, str]], Awaitable[Rows[Item]]],
    provider: str | None,
    limit: int,
    next_cursor: str | None,
    filters: dict[str, str | None],
) -> Listing[Item]:
    given = {name: value for name, value in filters.items() if value is not None}
    after, skip = None, 0
    if next_cursor is not None:
        _, made_for, after, skip, limit, made_with = unsealed(next_cursor, tool, _CONTENT)
        if provider not in {None, made_for}:
            raise made_with_other("provider")
        for name, value in given.items():
            if made_with.get(name) != value:
                raise made_with_other(name)
        provider, given = made_for, made_with
    there = caller.providers.chosen(provider)
    found = await fetch(there, limit, after, given)
    caller.providers.note(there, (row.id for row in found.rows))

    def cursor(after: Any, skip: int) -> str:
        return sealed([tool, there.id, after, skip, limit, given])

    rows: Sequence[Item] = found.rows[skip:]
    listing: Listing[Item] = Listing(
        result=list(rows),
        total_items=found.total,
        next_cursor=None if found.after is None else cursor(found.after, 0),
    )
    return listing.resumed_by(lambda row: cursor(after, skip + row))
