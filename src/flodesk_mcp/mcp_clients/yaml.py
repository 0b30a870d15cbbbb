"""Entries in YAML, put where its parser says that they belong; every other line stays as it is."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from flodesk_mcp.mcp_clients.edit import Editor, NotValid, ending_of
from flodesk_mcp.mcp_clients.entries import Entry

__all__ = ["YAML"]

_INDENT = 2

_Pair = tuple[yaml.Node, yaml.Node]


def _read(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        place = f" (line {where.line + 1})" if where else ""
        raise NotValid(f"it is not valid YAML{place}") from None


def _put(text: str, servers: str, name: str, entry: Entry) -> str:
    if _found(text, servers, name):
        text = _take(text, servers, name)
    end = ending_of(text)
    pair = _found(text, servers)
    if pair is None:
        between = "" if text.endswith("\n") or not text else end
        return text + between + _block({servers: {name: entry}}, 0, end)
    key, listed = pair
    if isinstance(listed, yaml.MappingNode) and listed.value and not listed.flow_style:
        start = _line_start(text, listed.start_mark.index)
        return text[:start] + _block({name: entry}, listed.start_mark.column, end) + text[start:]
    if isinstance(listed, yaml.MappingNode) and listed.value:
        inside = listed.start_mark.index + 1
        return f"{text[:inside]}{json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}, {text[inside:]}"
    # Nothing is in it: `{}`, `null`, or not even that.
    colon = text.index(":", key.end_mark.index) + 1
    line = (
        text[max(listed.end_mark.index, colon) :] if listed.end_mark.index > listed.start_mark.index else text[colon:]
    )
    comment, newline, after = line.partition("\n")
    block = _block({name: entry}, key.start_mark.column + _INDENT, end)
    return text[:colon] + comment + (newline or end) + block + after


def _take(text: str, servers: str, name: str) -> str:
    pair, siblings = _found(text, servers, name), _found(text, servers)
    if pair is None or siblings is None:
        return text
    key, entry = pair
    if isinstance(siblings[1], yaml.MappingNode) and siblings[1].flow_style:
        raise NotValid("its servers stand in one line: take the entry out by hand")
    start, stop = _line_start(text, key.start_mark.index), max(_ends(entry))
    return text[:start] + text[_next_line(text, stop) :]


def _found(text: str, *path: str) -> _Pair | None:
    """Return the nodes of a key and its value, one step down for each name."""
    node = yaml.compose(text, yaml.SafeLoader)
    pair: _Pair | None = None
    for name in path:
        if not isinstance(node, yaml.MappingNode):
            return None
        pair = next(((key, value) for key, value in node.value if key.value == name), None)
        if pair is None:
            return None
        node = pair[1]
    return pair


def _ends(node: yaml.Node) -> Iterator[int]:
    """Yield where what is written of a node ends: a block ends, to the parser, where the next thing begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        for child in node.value:
            for part in child if isinstance(child, tuple) else (child,):
                yield from _ends(part)
    elif isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") and node.end_mark.column == 0:
        yield node.end_mark.index - 1
    else:
        yield node.end_mark.index


def _block(content: dict[str, Any], indent: int, end: str) -> str:
    written = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=10_000, indent=_INDENT)
    return "".join(" " * indent + line + end for line in written.splitlines())


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _next_line(text: str, index: int) -> int:
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


YAML = Editor(_read, _put, _take)
