"""Entries in TOML, as tables at the end of the file; every other line stays as it is."""

import json
import re
import tomllib

from flodesk_mcp.mcp_clients.edit import Editor, NotValid, ending_of
from flodesk_mcp.mcp_clients.entries import Entry

__all__ = ["TOML"]

_HEADER = re.compile(r"\s*\[")


def _read(text: str) -> object:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NotValid(f"it is not valid TOML: {error}") from None


def _put(text: str, servers: str, name: str, entry: Entry) -> str:
    text = _take(text, servers, name)
    end = ending_of(text)
    # A basic string of TOML is written as one of JSON.
    values = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items()]
    between = "" if text.endswith("\n") or not text else end
    blank = end if text.strip() else ""
    return text + between + blank + end.join([f"[{servers}.{name}]", *values, ""])


def _take(text: str, servers: str, name: str) -> str:
    key = rf"(?:{name}|\"{name}\"|'{name}')"
    ours = re.compile(rf"\s*\[\s*{servers}\s*\.\s*{key}\s*(?:\.[^\]]*)?\]\s*(?:#.*)?$")
    kept: list[str] = []
    waiting: list[str] = []  # blank lines and comments within the table: they belong to what follows, if anything does
    within = False
    for line in text.splitlines(keepends=True):
        if _HEADER.match(line):
            starts, within = not within, bool(ours.match(line.rstrip("\r\n")))
            if within and starts and kept and not kept[-1].strip():
                kept.pop()
            if not within:
                kept += waiting
            waiting = []
        if not within:
            kept.append(line)
        elif not line.strip() or line.lstrip().startswith("#"):
            waiting.append(line)
        else:
            waiting = []
    return "".join(kept + waiting)


TOML = Editor(_read, _put, _take)
