"""The bundle for Claude Desktop: its manifest, and the folder that is packed."""

import shutil
from pathlib import Path
from typing import Any

from flodesk_mcp.tools import IN_ALL
from release.facts import (
    AUTHOR,
    HOMEPAGE,
    KEY_HELP,
    KEY_MEANING,
    KEYWORDS,
    LICENSE,
    NAME,
    PRIVACY,
    PYTHON,
    ROOT,
    TITLE,
    VERSION,
    WORDS,
)

__all__ = ["bundle_manifest", "fill"]

ICON = ROOT / ".claude-plugin" / "icon.png"
PARTS = ROOT / "release" / "bundle"
WHERE = "in Claude Desktop, Settings, Extensions, Flodesk, Configure"


def bundle_manifest() -> dict[str, Any]:
    """Return what Claude Desktop is told. Its host runs uv, which brings Python and the dependencies."""
    return {
        "manifest_version": "0.4",
        "name": NAME,
        "display_name": TITLE,
        "version": VERSION,
        "description": WORDS,
        "long_description": (
            "Your subscribers, segments, workflows, custom fields and webhooks in Flodesk, for Claude. It keeps within "
            "Flodesk's quota, never doubles a write, and says in plain words what went wrong. Not made by Flodesk."
        ),
        "author": {"name": AUTHOR, "url": HOMEPAGE},
        "repository": {"type": "git", "url": HOMEPAGE},
        "homepage": HOMEPAGE,
        "documentation": f"{HOMEPAGE}#readme",
        "support": f"{HOMEPAGE}/issues",
        "icon": "icon.png",
        "server": {
            "type": "uv",
            "entry_point": "start.py",
            "mcp_config": {
                "command": "uv",
                "args": ["run", "--directory", "${__dirname}", "start.py", "${user_config.folders}"],
                "env": {
                    "FLODESK_API_KEY": "${user_config.api_key}",
                    "FLODESK_KEY_HELP": KEY_HELP.format(where=WHERE),
                    "FLODESK_READ_ONLY": "${user_config.read_only}",
                    "FLODESK_TOOLSETS": "all",
                    "MASKED": "${user_config.mask_personal_data}",
                },
            },
        },
        "tools": [{"name": spec.name, "description": spec.description} for spec in IN_ALL],
        "prompts_generated": True,
        "keywords": KEYWORDS,
        "license": LICENSE,
        "privacy_policies": [PRIVACY],
        "compatibility": {"platforms": ["darwin", "win32", "linux"], "runtimes": {"python": PYTHON}},
        "user_config": {
            "api_key": {
                "type": "string",
                "title": "Flodesk API key",
                "description": KEY_MEANING,
                "sensitive": True,
                "required": False,
            },
            "folders": {
                "type": "directory",
                "title": "Folders for files",
                "description": "Folders from which Claude may read your lists, and into which it may write new files.",
                "multiple": True,
                "required": False,
            },
            "read_only": {
                "type": "boolean",
                "title": "Read only",
                "description": "Let Claude look at your account, and change nothing.",
                "default": False,
                "required": False,
            },
            "mask_personal_data": {
                "type": "boolean",
                "title": "Mask personal data",
                "description": "Show Claude j***@e***.com and J. Q. instead of your subscribers' addresses and names.",
                "default": False,
                "required": False,
            },
        },
    }


def fill(folder: Path) -> None:
    """Put into an empty folder all that the bundle is made of."""
    for tree in ("src", "skills"):
        shutil.copytree(ROOT / tree, folder / tree, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for part in PARTS.iterdir():
        shutil.copy(part, folder)
    shutil.copy(ICON, folder)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    pinned = "".join(f'    "{pin}",\n' for pin in pins)
    text = f"{project}\n[tool.uv]\nconstraint-dependencies = [\n{pinned}]\n"
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
