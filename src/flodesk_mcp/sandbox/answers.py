"""How Flodesk answers: JSON, lists in pages, and one envelope for everything that is refused."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

MAX_PAGE_SIZE = 100

Item = TypeVar("Item")


@dataclass
class Refused(Exception):
    """The request is answered with an error: `raise Refused(404, "...")` anywhere in an operation."""

    status: int
    message: str

    @property
    def code(self) -> str:
        """The envelope's code: the status in words, like `not_found`."""
        return HTTPStatus(self.status).phrase.lower().replace(" ", "_").replace("-", "_")

    def answer(self, headers: Mapping[str, str] | None = None) -> Response:
        """Return the error in Flodesk's envelope."""
        return JSONResponse({"code": self.code, "message": self.message}, self.status, headers)


UNAUTHORIZED = Refused(401, "Unauthorized access is denied!")


async def answer_refusal(request: Request, error: Exception) -> Response:
    """Turn a `Refused` that left an operation into its answer."""
    return cast("Refused", error).answer()


async def answer_unrouted(request: Request, error: Exception) -> Response:
    """Answer what no operation is there for (404, 405) in the same envelope."""
    status = cast("HTTPException", error).status_code
    return Refused(status, f"There is no {request.method} {request.url.path}.").answer()


def ok(content: Any) -> Response:
    """200 with a body."""
    return JSONResponse(content)


def created(content: Any) -> Response:
    """201 with a body."""
    return JSONResponse(content, 201)


def no_content() -> Response:
    """204 without a body."""
    return Response(status_code=204)


def timestamp(moment: datetime) -> str:
    """Write a moment as Flodesk does: ISO 8601 with microseconds and `Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def page(
    items: Sequence[Item],
    query: Mapping[str, str],
    show: Callable[[Item], dict[str, Any]],
    *,
    size_name: str = "per_page",
    default_size: int = 20,
) -> dict[str, Any]:
    """Return one page of a list with its meta.

    Raises:
        Refused: 400 when the page or its size is no number or out of bounds.

    """
    number = _whole_number(query, "page", default=1, most=None)
    size = _whole_number(query, size_name, default=default_size, most=MAX_PAGE_SIZE)
    first = (number - 1) * size
    return {
        "meta": {
            "page": number,
            "per_page": size,
            "total_items": len(items),
            "total_pages": -(-len(items) // size),
        },
        "data": [show(item) for item in items[first : first + size]],
    }


def _whole_number(query: Mapping[str, str], name: str, *, default: int, most: int | None) -> int:
    text = query.get(name, str(default))
    number = int(text) if re.fullmatch("[0-9]{1,9}", text) else 0
    if number < 1 or (most is not None and number > most):
        raise Refused(400, f"{name} must be a number from 1{f' to {most}' if most else ''}.")
    return number
