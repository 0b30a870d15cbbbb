"""Entries in JSON, and in JSON with comments and trailing commas; every other character stays as it is."""

import json
import re
from typing import Any

from flodesk_mcp.mcp_clients.edit import Editor, NotValid, ending_of
from flodesk_mcp.mcp_clients.entries import Entry
from flodesk_mcp.mcp_clients.scan import Node, parsed, skip

__all__ = ["JSON", "JSONC"]

_SPACE = " \t\r\n"


def _read(text: str) -> object:
    return parsed(text).value


def _read_strictly(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise NotValid(f"it is not valid JSON (line {error.lineno})") from None


def _put(text: str, servers: str, name: str, entry: Entry) -> str:
    if not text.strip():
        return json.dumps({servers: {name: entry}}, indent=2, ensure_ascii=False) + "\n"
    root = parsed(text)
    listed = root.members.get(servers)
    if listed is None:
        return _with_member(text, root, "", servers, {name: entry})
    indent = _indent_at(text, root.keys[servers])
    if listed.value is None:
        return text[: listed.start] + _written({name: entry}, indent, text) + text[listed.stop :]
    if name not in listed.members:
        return _with_member(text, listed, indent, name, entry)
    old = listed.members[name]
    written = _compact(entry) if _in_one_line(text, listed) else _written(entry, _indent_at(text, old.start), text)
    return text[: old.start] + written + text[old.stop :]


def _with_member(text: str, node: Node, indent: str, key: str, value: Any) -> str:
    """Return the text with one more member, the last, in the object `node`, whose line begins with `indent`."""
    close = node.stop - 1
    last = max((member.stop for member in node.members.values()), default=None)
    trailing = "," if last is not None and _comma_after(text, last) is not None else ""
    comma = "," if last is not None and not trailing else ""
    if last is not None and _in_one_line(text, node):
        at = last if comma else close
        return f"{text[:at]}{comma} {json.dumps(key)}: {_compact(value)}{trailing}{text[at:]}"
    end = ending_of(text)
    inner = _indent_at(text, next(iter(node.keys.values()))) if node.keys else indent + _unit(text)
    body = len(text[:close].rstrip(_SPACE))
    before = text[:body] if last is None else text[:last] + comma + text[last:body]
    after = text[body:] if "\n" in text[body:close] else end + indent + text[close:]
    return f"{before}{end}{inner}{json.dumps(key)}: {_written(value, inner, text)}{trailing}{after}"


def _take(text: str, servers: str, name: str) -> str:
    listed = parsed(text).members[servers]
    start, stop = listed.keys[name], listed.members[name].stop
    beside = text[listed.start + 1 : start] + text[stop : listed.stop - 1]
    if len(listed.members) == 1 and not beside.strip("," + _SPACE):
        return text[: listed.start] + "{}" + text[listed.stop :]
    comma = _comma_after(text, stop)
    if comma is not None:
        stop = comma + 1
    rest = text[stop:].lstrip(" \t")
    if rest[:1] not in ("\r", "\n", "}"):
        return text[:start] + rest  # others stand behind it in its line
    before = text[:start].rstrip(_SPACE)
    earlier = max((member.stop for member in listed.members.values() if member.stop <= start), default=None)
    if comma is None and earlier is not None and (between := _comma_after(text, earlier)) is not None:
        before = before[:between] + before[between + 1 :]
    return before + text[stop:]


def _in_one_line(text: str, node: Node) -> bool:
    return "\n" not in text[node.start : node.stop]


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _comma_after(text: str, at: int) -> int | None:
    """Return where the comma is that follows a value, if one does."""
    at = skip(text, at)
    return at if text[at : at + 1] == "," else None


def _written(value: Any, indent: str, text: str) -> str:
    lines = json.dumps(value, indent=_unit(text), ensure_ascii=False).split("\n")
    return (ending_of(text) + indent).join(lines)


def _indent_at(text: str, at: int) -> str:
    """Return what the line begins with in which something stands, up to its first sign."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    """Return how far this file goes in with each step: as far as its first line that does."""
    found = re.search(r"^[ \t]+(?=\")", text, re.MULTILINE)
    return found[0] if found else "  "


JSON = Editor(_read_strictly, _put, _take)
JSONC = Editor(_read, _put, _take)
