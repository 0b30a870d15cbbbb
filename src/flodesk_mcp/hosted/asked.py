"""The limits that a request sets itself, by its URL and headers. Each is a layer of its own: it can only tighten."""

from collections.abc import Iterator

from starlette.requests import HTTPConnection

from flodesk_mcp.hosted.refusals import Refusal
from flodesk_mcp.tools import CATALOG, Limits, UnknownName

__all__ = ["READ_ONLY_PATH", "asked_limits"]

READ_ONLY_PATH = "/readonly"
NAMES = ("toolsets", "tools", "exclude_tools", "read_only")
SESSION = "session_id"
"""Belongs to the SSE transport."""

PREFIX = "x-flodesk-"
CREDENTIALS = frozenset({"api-key", "access-token"})
FLAGS = {"1": True, "true": True, "": True, "0": False, "false": False}


def asked_limits(connection: HTTPConnection) -> tuple[Limits, ...]:
    """Return what the request in `connection` asks to be limited to.

    Raises Refusal for a name that does not exist: a limit with a typing error would otherwise limit nothing.
    """
    layers = [_layer(name, value) for name, value in _asked(connection)]
    if connection.url.path.endswith(READ_ONLY_PATH):
        layers.append(Limits("the address of this connection", read_only=True))
    return tuple(layers)


def _asked(connection: HTTPConnection) -> Iterator[tuple[str, str]]:
    for name, value in connection.query_params.multi_items():
        if name == SESSION:
            continue
        if name not in NAMES:
            raise Refusal(400, f"The URL has an unknown parameter. Valid: {', '.join(NAMES)}.", "invalid_request")
        yield name, value
    for header, value in connection.headers.items():
        name = header.removeprefix(PREFIX)
        if name == header or name in CREDENTIALS:
            continue
        if name.replace("-", "_") not in NAMES:
            valid = ", ".join(f"X-Flodesk-{name.replace('_', '-').title()}" for name in NAMES)
            raise Refusal(400, f"There is an unknown X-Flodesk header. Valid: {valid}.", "invalid_request")
        yield name.replace("-", "_"), value


def _layer(name: str, value: str) -> Limits:
    source = "the request of your client"
    if name == "read_only":
        if value.strip().lower() not in FLAGS:
            raise Refusal(400, "read_only is 1 or 0.", "invalid_request")
        return Limits(source, read_only=FLAGS[value.strip().lower()])
    try:
        return Limits.parse(source, CATALOG, **{name: value})  # type: ignore[arg-type] # the names are its parameters
    except UnknownName as error:
        raise Refusal(400, _quotable(str(error)), "invalid_request") from error


def _quotable(text: str) -> str:
    return "".join(character for character in text[:300] if character.isascii() and character.isprintable()).replace(
        '"', "'"
    )
