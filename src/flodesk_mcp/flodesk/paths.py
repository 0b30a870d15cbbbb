"""Paths of Flodesk's API from the pieces that a caller names. Source: flodesk-api, Paths."""

from urllib.parse import quote

from flodesk_mcp.flodesk.errors import InvalidArgument

__all__ = ["request_paths"]

MAX_SEGMENT_LENGTH = 320
"""The longest e-mail address that RFC 5321 allows: 64 + @ + 255."""

# RFC 3986's pchar. Above all a literal @: Flodesk answers %40 with a 404 for a subscriber who exists.
_ALLOWED = "@:!$&'()*+,;="


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
