"""Lists in pages, with a cursor that carries all that the next page needs."""

import base64
import json
import zlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from pydantic import Field, NonNegativeInt, PositiveInt, TypeAdapter

from flodesk_mcp.api.fields import Model
from flodesk_mcp.flodesk import InvalidArgument, Page
from flodesk_mcp.tools.results import Listing

__all__ = ["listing", "made_with_other", "sealed", "unsealed"]

Item = TypeVar("Item", bound=Model)
Content = TypeVar("Content", bound=tuple[Any, ...])

_CONTENT = TypeAdapter(
    tuple[str, PositiveInt, NonNegativeInt, Annotated[int, Field(ge=1, le=100)], dict[str, str | list[str]]]
)
DAMAGED = "next_cursor is damaged or comes from another tool. Leave it out to start from the first page."


async def listing(
    name: str, fetch: Callable[..., Awaitable[Page[Item]]], limit: int, next_cursor: str | None, **filters: Any
) -> Listing[Item]:
    """Return the page of `fetch` that `next_cursor` stands for, or the first.

    A cursor keeps the list's `name`, so that no other tool takes it, and its page size; its filters may be left out
    with it. Raises InvalidArgument for a damaged cursor, and for one that was made with other filters.
    """
    page, skip = 1, 0
    if next_cursor is not None:
        page, skip, limit, filters = _opened(next_cursor, name, filters)
    answer = await fetch(page=page, per_page=limit, **filters)
    longer = len(answer.data) > skip + limit  # than was asked for: then its rest is handed out in pieces, too
    last = answer.meta.total_pages
    has_more = bool(answer.data) and (page < last if last is not None else len(answer.data) == limit)

    def cursor(page: int, skip: int) -> str:
        return sealed([name, page, skip, limit, _given(filters)])

    return Listing(
        result=answer.data[skip : skip + limit],
        next_cursor=cursor(page, skip + limit) if longer else cursor(page + 1, 0) if has_more else None,
        total_items=answer.meta.total_items,
    ).resumed_by(lambda row: cursor(page, skip + row))


def sealed(content: list[Any]) -> str:
    """Return a cursor that carries `content`."""
    data = json.dumps(content, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(zlib.crc32(data).to_bytes(4) + data).decode().rstrip("=")


def unsealed(cursor: str, name: str, form: TypeAdapter[Content]) -> Content:
    """Return what a cursor carries, which begins with the `name` of its list.

    Raises InvalidArgument for one that is damaged, or another list's.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if zlib.crc32(raw[4:]).to_bytes(4) != raw[:4]:
            raise InvalidArgument(DAMAGED)
        content = form.validate_json(raw[4:])
    except ValueError as error:
        raise InvalidArgument(DAMAGED) from error
    if content[0] != name:
        raise InvalidArgument(DAMAGED)
    return content


def made_with_other(argument: str) -> InvalidArgument:
    """Return the error for a cursor that was made with another value of a filter."""
    return InvalidArgument(
        f"next_cursor was made with another {argument}. Keep the filters of the first page, or leave it out."
    )


def _opened(cursor: str, name: str, filters: dict[str, Any]) -> tuple[int, int, int, dict[str, Any]]:
    _, page, skip, limit, made_with = unsealed(cursor, name, _CONTENT)
    if not made_with.keys() <= filters.keys():
        raise InvalidArgument(DAMAGED)
    for argument, value in _given(filters).items():
        if made_with.get(argument) != value:
            raise made_with_other(argument)
    return page, skip, limit, filters | made_with


def _given(filters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if value is not None}
