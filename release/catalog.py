"""The entry in Docker's catalog of MCP servers: a folder to copy into theirs."""

from typing import Any

import yaml

from flodesk_mcp.tools import IN_ALL
from release.facts import HOMEPAGE, NAME, RAW, TITLE, WORDS

__all__ = ["server_yaml", "tools_json"]


def server_yaml() -> str:
    """Return how the catalog builds, sets and starts the image."""
    entry = {
        "name": NAME,
        "image": f"mcp/{NAME}",
        "type": "server",
        "meta": {"category": "communication", "tags": ["email", "marketing", "newsletter", "flodesk"]},
        "about": {"title": TITLE, "description": WORDS, "icon": f"{RAW}/.claude-plugin/icon.png"},
        "source": {"project": HOMEPAGE, "branch": "main"},
        "run": {"command": ["--toolsets=all"], "allowHosts": ["api.flodesk.com:443"]},
        "config": {
            "description": "A Flodesk API key: in Flodesk, your account's settings, Integrations, API keys",
            "secrets": [{"name": f"{NAME}.api_key", "env": "FLODESK_API_KEY", "example": "<FLODESK_API_KEY>"}],
            "env": [
                {"name": "FLODESK_READ_ONLY", "example": "true", "value": f"{{{{{NAME}.read_only}}}}"},
                {"name": "FLODESK_PERSONAL_DATA", "example": "masked", "value": f"{{{{{NAME}.personal_data}}}}"},
            ],
            "parameters": {
                "type": "object",
                "properties": {
                    "read_only": {"type": "boolean", "description": "Offer only tools that read", "default": False},
                    "personal_data": {
                        "type": "string",
                        "enum": ["shown", "masked"],
                        "description": "Whether answers show who subscribers are",
                        "default": "shown",
                    },
                },
            },
        },
    }
    return yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=120)


def tools_json() -> list[dict[str, Any]]:
    """Return the tools, because the catalog starts no server without its key."""
    return [
        {
            "name": spec.name,
            "description": spec.description,
            "arguments": [
                {"name": name, "type": _kind(schema), "desc": schema.get("description", "")}
                for name, schema in spec.input_schema.get("properties", {}).items()
            ],
        }
        for spec in IN_ALL
    ]


def _kind(schema: dict[str, Any]) -> str:
    """Return the type of an argument; of several, the first that is not null."""
    kinds = [schema, *schema.get("anyOf", [])]
    return next((str(kind["type"]) for kind in kinds if kind.get("type") not in (None, "null")), "string")
