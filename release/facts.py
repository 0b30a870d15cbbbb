"""What every channel is told: where it is said once, and nowhere else."""

import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from flodesk_mcp import HOMEPAGE, __version__
from flodesk_mcp.server import NAME
from flodesk_mcp.settings import Settings, is_secret, variable

__all__ = [
    "AUTHOR",
    "HOMEPAGE",
    "KEYWORDS",
    "KEY_HELP",
    "KEY_MEANING",
    "LICENSE",
    "NAME",
    "PRIVACY",
    "PYTHON",
    "RAW",
    "REGISTRY_NAME",
    "REPOSITORY",
    "ROOT",
    "TITLE",
    "VERSION",
    "WORDS",
    "environment_variables",
]

ROOT = Path(__file__).parents[1]
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

TITLE = "Flodesk"
VERSION = __version__
WORDS: str = _PROJECT["description"]
KEYWORDS: list[str] = _PROJECT["keywords"]
LICENSE: str = _PROJECT["license"]
AUTHOR: str = _PROJECT["authors"][0]["name"]
PYTHON = ">=3.11 <3.15"
"""What it is tested on."""
PRIVACY = f"{HOMEPAGE}/blob/main/docs/privacy.md"

RAW = f"{HOMEPAGE.replace('//github.com/', '//raw.githubusercontent.com/')}/main"
"""Below it, the files of this repository as they are."""

REPOSITORY = urlsplit(HOMEPAGE).path.strip("/")
REGISTRY_NAME = f"io.github.{REPOSITORY}"
"""The registry of MCP servers asks the repository's owner for this name."""

KEY_MEANING = "An API key of your Flodesk account: in Flodesk, your account's settings, Integrations, API keys."
KEY_HELP = "The person must enter a Flodesk API key: {where}. A key is made in Flodesk: account settings, Integrations."


def environment_variables() -> list[dict[str, object]]:
    """Return every setting of the server over standard input, in the words of its own help."""
    return [
        {
            "name": variable(name),
            "description": field.description,
            **({"isSecret": True} if is_secret(field) else {}),
            **({"format": "boolean"} if field.annotation is bool else {}),
            **({"default": str(field.default)} if field.default not in (None, False) else {}),
        }
        for name, field in Settings.model_fields.items()
    ]
