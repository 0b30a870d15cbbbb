"""Write the tables of tools, settings and links into the README, between their markers; `--check` only compares."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from flodesk_mcp.mcp_clients import KEY
from flodesk_mcp.mcp_clients.links import cursor_link, goose_link, vscode_link
from flodesk_mcp.settings import Settings, flag, is_secret, variable
from flodesk_mcp.tools import CATALOG, ToolSpec

README = Path(__file__).parents[1] / "README.md"


def _kind(spec: ToolSpec) -> str:
    if spec.reads_only:
        return "reads"
    return "destructive" if spec.destructive else "writes"


def _tools(specs: Iterable[ToolSpec]) -> str:
    rows = [(spec.title, f"`{spec.name}`", spec.toolset.id, _kind(spec), f"`{spec.operation}`") for spec in specs]
    return _table(("what it does", "tool", "toolset", "kind", "operation of Flodesk"), rows)


def _settings() -> str:
    rows = []
    for name, field in Settings.model_fields.items():
        default = {None: "", False: "off"}.get(field.default, f"`{field.default}`")
        rows.append((f"`{variable(name)}`", "" if is_secret(field) else f"`{flag(name)}`", field.description, default))
    return _table(("variable", "flag", "meaning", "default"), rows)


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


def generated(text: str) -> str:
    """Return the README with its tables as the code has them now."""
    tables = {
        "default tools": _tools(spec for spec in CATALOG if spec.toolset.default),
        "further tools": _tools(spec for spec in CATALOG if not spec.toolset.default),
        "settings": _settings(),
        "install links": _links(),
    }
    for name, table in tables.items():
        begin, end = f"<!-- {name}: written by make docs -->", f"<!-- end of {name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            sys.exit(f"README.md has lost its markers for {name}.")
        text = f"{before}{begin}\n\n{table}\n\n{end}{after}"
    return text


if __name__ == "__main__":
    written = README.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        sys.exit(0 if generated(written) == written else "README.md is out of date: run make docs.")
    README.write_text(generated(written), encoding="utf-8")
