"""The limits that a request sets itself, by its URL and headers: they can only tighten."""

from collections.abc import Iterator
from typing import NamedTuple

from starlette.requests import HTTPConnection

from flodesk_mcp.callers.caller import tightest
from flodesk_mcp.callers.tool_filter import ToolFilter, UnknownTool
from flodesk_mcp.settings import PersonalData
from flodesk_mcp.tools import CATALOG
from flodesk_mcp.web.auth.errors import AuthError

__all__ = ["READ_ONLY_PATH", "RequestLimits", "check_header_names", "limits_in", "request_limits"]

READ_ONLY_PATH = "/readonly"
PERSONAL_DATA = "personal_data"
NAMES = ("toolsets", "tools", "exclude_tools", "read_only", PERSONAL_DATA)
SESSION = "session_id"
"""Belongs to the SSE transport."""

PREFIX = "x-flodesk-"
RAW_PREFIX = PREFIX.encode()
CREDENTIALS = frozenset({"api-key", "access-token"})
FLAGS = {"1": True, "true": True, "": True, "0": False, "false": False}


class RequestLimits(NamedTuple):
    """What a request asks to be limited to."""

    tool_filter: ToolFilter
    personal_data: PersonalData


def request_limits(connection: HTTPConnection) -> RequestLimits:
    """Return what the request in `connection` asks to be limited to.

    Raises AuthError for a name or a value that does not exist: a limit with a typing error would otherwise limit
    nothing.
    """
    tool_filter = ToolFilter()
    personal_data: list[PersonalData] = []
    for name, value, where in _asked(connection):
        if name == PERSONAL_DATA:
            personal_data.append(_personal_data(value))
        else:
            tool_filter &= _layer(name, value, where)
    if connection.scope["path"].rstrip("/").endswith(READ_ONLY_PATH):
        tool_filter &= ToolFilter.reading_only("the address of this connection")
    return RequestLimits(tool_filter, tightest(*personal_data))


def limits_in(connection: HTTPConnection) -> dict[str, str]:
    """Return the headers that limit the request in `connection`, and no other."""
    names = {PREFIX + name.replace("_", "-") for name in NAMES}
    return {name: value for name, value in connection.headers.items() if name in names}


def check_header_names(connection: HTTPConnection) -> None:
    """Raise AuthError for a header of ours with an underscore.

    Some proxies make one of a hyphen, others drop it: a limit or a credential would be lost without a word.
    """
    for header, _ in connection.scope["headers"]:
        if b"_" in header and header.replace(b"_", b"-").startswith(RAW_PREFIX):
            raise AuthError(400, "Write X-Flodesk headers with hyphens, without underscores.", "invalid_request")


def _asked(connection: HTTPConnection) -> Iterator[tuple[str, str, str]]:
    """Return the name and value of each limit, and where a person finds it."""
    for name, value in connection.query_params.multi_items() if connection.scope["query_string"] else ():
        if name == SESSION:
            continue
        if name not in NAMES:
            raise AuthError(400, f"The URL has an unknown parameter. Valid: {', '.join(NAMES)}.", "invalid_request")
        yield name, value, f"the URL's {name}"
    # Of all headers few are ours: only those are read as text.
    ours = [(name, value) for name, value in connection.scope["headers"] if name.startswith(RAW_PREFIX)]
    for header, text in ours:
        name, value = header.decode("latin-1").removeprefix(PREFIX), text.decode("latin-1")
        if name in CREDENTIALS:
            continue
        if name.replace("-", "_") not in NAMES:
            valid = ", ".join(f"X-Flodesk-{name.replace('_', '-').title()}" for name in NAMES)
            raise AuthError(400, f"There is an unknown X-Flodesk header. Valid: {valid}.", "invalid_request")
        yield name.replace("-", "_"), value, f"the header X-Flodesk-{name.title()}"


def _personal_data(value: str) -> PersonalData:
    match value.strip().lower():
        case "masked":
            return "masked"
        case "shown":
            return "shown"
    raise AuthError(400, "personal_data is shown or masked.", "invalid_request")


def _layer(name: str, value: str, where: str) -> ToolFilter:
    if name == "read_only":
        if value.strip().lower() not in FLAGS:
            raise AuthError(400, "read_only is 1 or 0.", "invalid_request")
        return ToolFilter.reading_only(where) if FLAGS[value.strip().lower()] else ToolFilter()
    try:
        return ToolFilter.parse(where, CATALOG, settings={name: where}, **{name: value})  # type: ignore[arg-type] # by name
    except UnknownTool as error:
        raise AuthError(400, _quotable(str(error)), "invalid_request") from error


def _quotable(text: str) -> str:
    return "".join(character for character in text[:300] if character.isascii() and character.isprintable()).replace(
        '"', "'"
    )
