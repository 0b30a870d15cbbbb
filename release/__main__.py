"""Write every manifest; `--check` only compares, `--bundle FOLDER` fills a folder for the bundle."""

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from release.catalog import server_yaml, tools_json
from release.facts import HOMEPAGE, REGISTRY_NAME, REPOSITORY, ROOT
from release.icon import drawn_from, png
from release.mcpb import ICON, bundle_manifest, fill
from release.plugin import PLUGIN, marketplace_manifest, plugin_manifest
from release.registry import server_json

__all__ = ["out_of_date", "texts"]


def texts() -> dict[str, str]:
    """Return every file as it should be."""
    return {
        ".claude-plugin/plugin.json": _json(plugin_manifest()),
        ".claude-plugin/marketplace.json": _json(marketplace_manifest()),
        "server.json": _json(server_json()),
        "release/bundle/manifest.json": _json(bundle_manifest()),
        "release/catalog/server.yaml": server_yaml(),
        "release/catalog/tools.json": _json(tools_json()),
        "pyproject.toml": _with("pyproject.toml", {r'(?m)^Homepage = ".*"$': f'Homepage = "{HOMEPAGE}"'}),
        "README.md": _with(
            "README.md",
            {
                r"<!-- mcp-name: .* -->": f"<!-- mcp-name: {REGISTRY_NAME} -->",
                r"/plugin install .*": f"/plugin install {PLUGIN} --marketplace {REPOSITORY}",
            },
        ),
    }


def out_of_date() -> list[str]:
    """Return the files that are not as they should be."""
    wrong = [name for name, text in texts().items() if not _is(ROOT / name, text)]
    return wrong + ([] if ICON.exists() and drawn_from(ICON.read_bytes()) else [str(ICON.relative_to(ROOT))])


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _with(name: str, lines: Mapping[str, str]) -> str:
    """Return the text of a file in which the lines that others look for say what they should."""
    text = (ROOT / name).read_text(encoding="utf-8")
    for pattern, line in lines.items():
        text, found = re.subn(pattern, line, text)
        if found != 1:
            sys.exit(f"{name} has lost its line: {line}")
    return text


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--bundle", type=Path, metavar="FOLDER")
    asked = parser.parse_args()
    if asked.bundle:
        fill(asked.bundle)
        return
    wrong = out_of_date()
    if asked.check:
        sys.exit(f"Out of date: {', '.join(wrong)}. Run make release." if wrong else 0)
    for name, text in texts().items():
        if name in wrong:
            (ROOT / name).parent.mkdir(exist_ok=True)
            (ROOT / name).write_text(text, encoding="utf-8")
    if not (ICON.exists() and drawn_from(ICON.read_bytes())):
        ICON.write_bytes(png())


if __name__ == "__main__":
    _main()
