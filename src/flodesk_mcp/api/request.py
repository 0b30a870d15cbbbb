"""What is sent: a request, and its path from the pieces that a caller names."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from flodesk_mcp.api.errors import InvalidArgument

__all__ = ["Request", "given", "person", "request_paths"]

MAX_SEGMENT_LENGTH = 320
"""The longest e-mail address that RFC 5321 allows: 64 + @ + 255."""

# RFC 3986's pchar. Above all a literal @: Flodesk answers %40 with a 404 for a subscriber who exists.
_ALLOWED = "@:!$&'()*+,;="


class Request:
    """What to send, to the path of `segments`.

    `repeatable` says that sending it twice does no more than sending it once, `reads` that it changes nothing (by
    default a GET), `batch` that it counts as a batch, too, `answered` that a body is expected in answer, `versioned`
    that its path is below the base URL's `/v1` and not beside it, `slash` that its path ends in one. `paths` holds a
    second one to try on a 404.

    Raises InvalidArgument for a segment that could lead to another operation.
    """

    def __init__(
        self,
        method: str,
        *segments: str,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, Any] | None = None,
        repeatable: bool = True,
        batch: bool = False,
        answered: bool = True,
        versioned: bool = True,
        slash: bool = False,
        reads: bool | None = None,
    ) -> None:
        self.method = method
        self.paths = request_paths(*segments)
        if slash:
            self.paths = tuple(f"{path}/" for path in self.paths)
        self.query: dict[str, str | int] = given(query or {})
        self.body = body
        self.repeatable = repeatable
        self.reads = method == "GET" if reads is None else reads
        self.batch = batch
        self.answered = answered
        self.versioned = versioned

    @property
    def removes(self) -> bool:
        """Whether it takes away what its path names: then a 404 to a repeat says that it is gone."""
        return self.method == "DELETE" and not self.answered


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are not None: only what the caller gave is sent."""
    return {name: value for name, value in values.items() if value is not None}


def person(id: str | None, email: str | None) -> dict[str, str]:
    """Return who is meant, as a body names a subscriber.

    Raises InvalidArgument unless at least one of the two is given.
    """
    if not id and not email:
        raise InvalidArgument("Either `email` or `id` is needed, to know who is meant.")
    return given({"id": id, "email": email})


def request_paths(*segments: str) -> tuple[str, ...]:
    """Return the path of `segments`, and a second one to try on a 404 for an address with a `+`.

    What Flodesk makes of a literal `+` is not known, so `%2B` is the second choice.

    Raises InvalidArgument for a segment that could lead to another operation.
    """
    path = "".join("/" + quote(_checked(segment), safe=_ALLOWED) for segment in segments)
    return (path, path.replace("+", "%2B")) if "+" in path else (path,)


def _checked(segment: str) -> str:
    shown = repr(segment if len(segment) <= 40 else segment[:40] + "…")  # noqa: PLR2004
    if not segment.strip() or segment in {".", ".."}:
        raise InvalidArgument(f"An id or e-mail address is needed, not {shown}.")
    if len(segment) > MAX_SEGMENT_LENGTH:
        raise InvalidArgument(
            f"An id or e-mail address has at most {MAX_SEGMENT_LENGTH} characters, not {len(segment)}: {shown}"
        )
    if not segment.isprintable() or any(c in "/\\" for c in segment):
        raise InvalidArgument(
            f"{shown} is no id or e-mail address: slashes, backslashes and control characters cannot be sent."
        )
    return segment
