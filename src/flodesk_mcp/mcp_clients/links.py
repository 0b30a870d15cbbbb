"""Links that add a server to a client with one click.

Sources: the clients' documentation. `web` links are of https: they work where other schemes are stripped (a README),
and the client's maker reads what is in them. The others open the client itself.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from flodesk_mcp.mcp_clients.entries import NAME, Entry

__all__ = ["cursor_link", "goose_link", "vscode_link"]

_WORDS = "Your Flodesk account: segments, subscribers, workflows, webhooks"


def vscode_link(entry: Entry, inputs: Sequence[Entry] = (), *, web: bool) -> str:
    """Return a link for VS Code, which asks for `inputs` and keeps them."""
    if not web:
        asked = {"inputs": list(inputs)} if inputs else {}
        return "vscode:mcp/install?" + quote(_compact({"name": NAME, **entry, **asked}), safe="")
    parts = {"name": NAME, "config": _compact(entry), **({"inputs": _compact(list(inputs))} if inputs else {})}
    return "https://vscode.dev/redirect/mcp/install?" + urlencode(parts, quote_via=quote)


def cursor_link(entry: Entry, *, web: bool) -> str:
    """Return a link for Cursor."""
    where = "https://cursor.com/en/install-mcp" if web else "cursor://anysphere.cursor-deeplink/mcp/install"
    encoded = base64.b64encode(_compact(entry).encode()).decode()
    return f"{where}?{urlencode({'name': NAME, 'config': encoded}, quote_via=quote)}"


def goose_link(entry: Entry, secrets: Mapping[str, str] | None = None) -> str:
    """Return a link for Goose, which asks for `secrets` (what each is, by its name) and keeps them."""
    parts: list[tuple[str, Any]]
    if "url" in entry:
        parts = [("url", entry["url"]), ("type", "streamable_http")]
        parts += [("header", f"{name}={value}") for name, value in entry.get("headers", {}).items()]
    else:
        parts = [("cmd", entry["command"]), *(("arg", argument) for argument in entry["args"])]
        parts += [("env", f"{name}={meaning}") for name, meaning in (secrets or {}).items()]
    parts += [("timeout", 300), ("id", NAME), ("name", "Flodesk"), ("description", _WORDS)]
    return "goose://extension?" + urlencode(parts, quote_via=quote)


def _compact(content: object) -> str:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)
