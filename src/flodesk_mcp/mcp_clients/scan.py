"""Where every value of a JSON text stands, with comments and trailing commas allowed."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from flodesk_mcp.mcp_clients.edit import NotValid

__all__ = ["Node", "parsed", "skip"]

_BLANK = re.compile(r"(?:[ \t\r\n]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_PLAIN = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
_DEEPEST = 200


@dataclass
class Node:
    """A value and where it stands; of an object, its members and where their keys stand."""

    value: Any
    start: int
    stop: int = 0
    keys: dict[str, int] = field(default_factory=dict)
    members: dict[str, "Node"] = field(default_factory=dict)


class _Parser:
    """Tells of every value where it stands."""

    def __init__(self, text: str) -> None:
        self.text = text

    def parsed(self) -> Node:
        node = self._value(skip(self.text, 0), 0)
        if (rest := skip(self.text, node.stop)) != len(self.text):
            raise self._wrong(rest)
        return node

    def _value(self, at: int, depth: int) -> Node:
        if depth > _DEEPEST:
            raise self._wrong(at)
        match self.text[at : at + 1]:
            case "{":
                return self._object(Node({}, at), depth)
            case "[":
                return self._array(Node([], at), depth)
            case '"':
                return Node(*self._string(at))
        if found := _PLAIN.match(self.text, at):
            return Node(json.loads(found[0]), at, found.end())
        raise self._wrong(at)

    def _object(self, node: Node, depth: int) -> Node:
        at = skip(self.text, node.start + 1)
        while self.text[at : at + 1] != "}":
            if self.text[at : at + 1] != '"':
                raise self._wrong(at)
            key, start, at = self._string(at)
            at = skip(self.text, at)
            if self.text[at : at + 1] != ":":
                raise self._wrong(at)
            member = self._value(skip(self.text, at + 1), depth + 1)
            node.value[key] = member.value
            node.keys[key], node.members[key] = start, member
            at = self._after(member.stop, "}")
        node.stop = at + 1
        return node

    def _array(self, node: Node, depth: int) -> Node:
        at = skip(self.text, node.start + 1)
        while self.text[at : at + 1] != "]":
            item = self._value(at, depth + 1)
            node.value.append(item.value)
            at = self._after(item.stop, "]")
        node.stop = at + 1
        return node

    def _after(self, at: int, close: str) -> int:
        """Return where the next member is, or `close`."""
        at = skip(self.text, at)
        if self.text[at : at + 1] == ",":
            return skip(self.text, at + 1)
        if self.text[at : at + 1] != close:
            raise self._wrong(at)
        return at

    def _string(self, at: int) -> tuple[str, int, int]:
        try:
            value, stop = json.JSONDecoder().raw_decode(self.text, at)
        except json.JSONDecodeError:
            raise self._wrong(at) from None
        return value, at, stop

    def _wrong(self, at: int) -> NotValid:
        return NotValid(f"it is not valid JSON (line {self.text.count(chr(10), 0, at) + 1})")


def parsed(text: str) -> Node:
    """Return the value that the whole text is. Raises NotValid."""
    return _Parser(text).parsed()


def skip(text: str, at: int) -> int:
    """Return where the next sign is that is neither blank nor within a comment."""
    found = _BLANK.match(text, at)
    return found.end() if found else at
