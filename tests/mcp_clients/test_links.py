"""What the links hold, read back as the clients do."""

import base64
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from flodesk_mcp.mcp_clients import NAME
from flodesk_mcp.mcp_clients.links import cursor_link, goose_link, vscode_link
from flodesk_mcp.tools import CATALOG

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
ENTRY = {"url": "https://flodesk.example.com/mcp", "headers": {"Authorization": "Bearer ÄÖ+/&=?"}}
ASKED = [{"type": "promptString", "id": "key", "description": "Key", "password": True}]
STARTED = {"command": "uvx", "args": ["flodesk-mcp"]}


def parts(link: str) -> dict[str, Any]:
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query, strict_parsing=True).items()}


def linked(start: str) -> str:
    """Return the one link of the README that begins so."""
    (found,) = set(re.findall(rf"{re.escape(start)}[^)`\s]+", README))
    return str(found)


def test_a_link_for_vs_code_is_read_back() -> None:
    scheme, _, query = vscode_link(ENTRY, ASKED, web=False).partition("?")
    assert scheme == "vscode:mcp/install"
    assert json.loads(unquote(query)) == {"name": NAME, **ENTRY, "inputs": ASKED}
    told = parts(vscode_link(ENTRY, ASKED, web=True))
    assert [told["name"], json.loads(told["config"]), json.loads(told["inputs"])] == [NAME, ENTRY, ASKED]


def test_a_link_for_cursor_is_read_back() -> None:
    for web in (True, False):
        told = parts(cursor_link(ENTRY, web=web))
        assert [told["name"], json.loads(base64.b64decode(told["config"]))] == [NAME, ENTRY]


def test_a_link_for_goose_is_read_back() -> None:
    told = parse_qsl(urlsplit(goose_link(ENTRY)).query)
    assert ("url", ENTRY["url"]) in told
    assert ("header", "Authorization=Bearer ÄÖ+/&=?") in told
    assert ("type", "streamable_http") in told


def test_the_readme_installs_what_it_says() -> None:
    vscode, cursor, goose = (
        linked(f"{start}?")
        for start in (
            "https://vscode.dev/redirect/mcp/install",
            "https://cursor.com/en/install-mcp",
            "goose://extension",
        )
    )
    told = parts(vscode)
    (asked,) = json.loads(told["inputs"])
    key = {"FLODESK_API_KEY": f"${{input:{asked['id']}}}"}
    assert json.loads(told["config"]) == {"type": "stdio", **STARTED, "env": key}
    assert asked["password"] is True
    config = json.loads(base64.b64decode(parts(cursor)["config"]))
    assert {name: config[name] for name in STARTED} == STARTED
    assert set(config["env"]) == {"FLODESK_KEY_HELP"}
    told = parts(goose)
    assert [told["cmd"], told["arg"], told["env"]] == ["uvx", "flodesk-mcp", "FLODESK_API_KEY=Flodesk API key"]


def test_cursor_takes_the_names_of_all_tools() -> None:
    longest = max(len(spec.name) for spec in CATALOG)
    assert len(NAME) + 1 + longest <= 60, "Cursor leaves out a tool whose name, with its server's, is longer"
