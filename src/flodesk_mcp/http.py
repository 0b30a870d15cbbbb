"""The hosted application, for any ASGI server: `uvicorn --factory flodesk_mcp.http:create_app`."""

from flodesk_mcp.web.app import create_app

__all__ = ["create_app"]
