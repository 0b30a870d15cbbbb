"""The entry in the registry of MCP servers."""

from typing import Any

from release.facts import HOMEPAGE, NAME, RAW, REGISTRY_NAME, TITLE, VERSION, WORDS, environment_variables

__all__ = ["server_json"]


def server_json() -> dict[str, Any]:
    """Return the entry: the package, and the address that somebody's own hosted server has."""
    return {
        "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
        "name": REGISTRY_NAME,
        "title": TITLE,
        "description": WORDS,
        "version": VERSION,
        "websiteUrl": HOMEPAGE,
        "repository": {"url": HOMEPAGE, "source": "github"},
        "icons": [{"src": f"{RAW}/.claude-plugin/icon.png", "mimeType": "image/png", "sizes": ["512x512"]}],
        "packages": [
            {
                "registryType": "pypi",
                "identifier": NAME,
                "version": VERSION,
                "runtimeHint": "uvx",
                "transport": {"type": "stdio"},
                "environmentVariables": environment_variables(),
            }
        ],
        "remotes": [
            {
                "type": "streamable-http",
                "url": "https://{host}/mcp",
                "variables": {
                    "host": {
                        "description": "Where you, or somebody for you, host flodesk-mcp",
                        "placeholder": "flodesk.example.com",
                        "isRequired": True,
                    }
                },
                "headers": [
                    {
                        "name": "Authorization",
                        "description": "Bearer and an access token, where whoever hosts it gave you one",
                        "placeholder": "Bearer YOUR_TOKEN",
                        "isSecret": True,
                    },
                    {
                        "name": "X-Flodesk-Api-Key",
                        "description": "Your own Flodesk API key, where the server takes that; it is not stored",
                        "isSecret": True,
                    },
                ],
            }
        ],
    }
