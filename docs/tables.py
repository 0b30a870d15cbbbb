"""Write the tables of tools, settings and links into their pages, between markers; `--check` only compares."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from pydantic.fields import FieldInfo

from flodesk_mcp.mcp_clients import KEY
from flodesk_mcp.mcp_clients.links import cursor_link, goose_link, vscode_link
from flodesk_mcp.settings import Settings, flag, is_secret, variable
from flodesk_mcp.tools import CATALOG, ToolSpec
from flodesk_mcp.web.settings import HostedSettings

TOP = Path(__file__).parents[1]


def _kind(spec: ToolSpec) -> str:
    if spec.reads_only:
        return "reads"
    return "destructive" if spec.destructive else "writes"


def _tools(specs: Iterable[ToolSpec]) -> str:
    rows = [(spec.title, f"`{spec.name}`", spec.toolset.id, _kind(spec), f"`{spec.operation}`") for spec in specs]
    return _table(("what it does", "tool", "toolset", "kind", "operation of Flodesk"), rows)


def _settings(fields: Mapping[str, FieldInfo]) -> str:
    rows = []
    for name, field in fields.items():
        default = {None: "", False: "off", "": ""}.get(field.default, f"`{field.default}`")
        rows.append((f"`{variable(name)}`", "" if is_secret(field) else f"`{flag(name)}`", field.description, default))
    return _table(("variable", "flag", "meaning", "default"), rows)


def _hosted_settings() -> dict[str, FieldInfo]:
    """Return the settings that only hosting has."""
    fields = HostedSettings.model_fields
    return {name: field for name, field in fields.items() if name not in Settings.model_fields}


def _links() -> str:
    """Return the links that install the server; who keeps keys is asked for one, the others find it in the keychain."""
    start = {"command": "uvx", "args": ["flodesk-mcp"]}
    key = {"type": "promptString", "id": "flodesk-key", "description": "Flodesk API key", "password": True}
    vscode = {"type": "stdio", **start, "env": {KEY: "${input:flodesk-key}"}}
    cursor = {**start, "env": {variable("key_help"): "Run `uvx flodesk-mcp login` in a terminal: it asks for the key."}}
    rows = [
        ("VS Code", f"[Install]({vscode_link(vscode, [key], web=True)})", "asks for the key, and keeps it"),
        (
            "Cursor",
            f"[Install]({cursor_link(cursor, web=True)})",
            "first run `uvx flodesk-mcp login`: it keeps the key",
        ),
        ("Goose", f"`{goose_link(start, {KEY: 'Flodesk API key'})}`", "asks for the key, and keeps it"),
    ]
    return _table(("client", "link", "the key"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell or "" for cell in line) + " |" for line in lines)


TABLES: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"install links": _links},
    "docs/tools.md": {
        "default tools": lambda: _tools(spec for spec in CATALOG if spec.toolset.default),
        "further tools": lambda: _tools(spec for spec in CATALOG if not spec.toolset.default),
    },
    "docs/settings.md": {
        "settings": lambda: _settings(Settings.model_fields),
        "settings of a hosted server": lambda: _settings(_hosted_settings()),
    },
}


def generated(page: str) -> str:
    """Return a page with its tables as the code has them now."""
    text = (TOP / page).read_text(encoding="utf-8")
    for name, table in TABLES[page].items():
        begin, end = f"<!-- {name}: written by make docs -->", f"<!-- end of {name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            sys.exit(f"{page} has lost its markers for {name}.")
        text = f"{before}{begin}\n\n{table()}\n\n{end}{after}"
    return text


if __name__ == "__main__":
    old = [page for page in TABLES if generated(page) != (TOP / page).read_text(encoding="utf-8")]
    if "--check" in sys.argv:
        sys.exit(f"Out of date: {', '.join(old)}. Run make docs." if old else 0)
    for page in old:
        (TOP / page).write_text(generated(page), encoding="utf-8")
