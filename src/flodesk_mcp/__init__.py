"""An MCP server that gives AI agents a Flodesk account."""

__all__ = ["__version__"]

__version__ = "0.1.0"
