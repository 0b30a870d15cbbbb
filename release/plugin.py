"""The plugin for Claude Code, and the marketplace that offers it: this repository is both."""

from typing import Any

from release.facts import AUTHOR, HOMEPAGE, KEY_HELP, KEY_MEANING, KEYWORDS, LICENSE, TITLE, VERSION, WORDS

__all__ = ["PLUGIN", "marketplace_manifest", "plugin_manifest"]

PLUGIN = "flodesk"


def plugin_manifest() -> dict[str, Any]:
    """Return what Claude Code is told. The server comes from the plugin's own folder; uv brings what it needs."""
    return {
        "name": PLUGIN,
        "displayName": TITLE,
        "version": VERSION,
        "description": WORDS,
        "author": {"name": AUTHOR, "url": HOMEPAGE},
        "homepage": HOMEPAGE,
        "repository": HOMEPAGE,
        "license": LICENSE,
        "keywords": KEYWORDS,
        "icon": ".claude-plugin/icon.png",
        "userConfig": {
            "api_key": {
                "type": "string",
                "title": "Flodesk API key",
                "description": KEY_MEANING,
                "sensitive": True,
                "required": True,
            }
        },
        "network": {"hosts": ["api.flodesk.com"]},
        "mcpServers": {
            PLUGIN: {
                "command": "uvx",
                "args": ["--from", "${CLAUDE_PLUGIN_ROOT}", "flodesk-mcp"],
                "env": {
                    "FLODESK_API_KEY": "${user_config.api_key}",
                    "FLODESK_KEY_HELP": KEY_HELP.format(where="in Claude Code, /plugin, flodesk, Configure"),
                    "FLODESK_TOOLSETS": "all",
                },
            }
        },
    }


def marketplace_manifest() -> dict[str, Any]:
    """Return the marketplace of this one plugin."""
    return {
        "name": PLUGIN,
        "owner": {"name": AUTHOR, "url": HOMEPAGE},
        "description": WORDS,
        "plugins": [
            {
                "name": PLUGIN,
                "source": "./",
                "description": WORDS,
                "category": "marketing",
                "keywords": KEYWORDS,
            }
        ],
    }
