"""An MCP server that gives AI agents a Flodesk account."""

__all__ = ["HOMEPAGE", "__version__"]

__version__ = "0.1.0"

HOMEPAGE = "https://github.com/flodesk-mcp/flodesk-mcp"
