"""What the protocol wants refused as an error of its own, and the SDK lets through."""

from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

from flodesk_mcp.tools import CATALOG, nearest

__all__ = ["refuse_the_unknown"]

_NAMES = [spec.name for spec in CATALOG]


async def refuse_the_unknown(ctx: ServerRequestContext[Any], call_next: CallNext) -> HandlerResult:
    """Be the middleware that refuses a cursor, since every list is one page, and a tool that does not exist."""
    params = ctx.params or {}
    if ctx.method.endswith("/list") and params.get("cursor") is not None:
        raise MCPError(INVALID_PARAMS, "Unknown cursor: this list comes in one page. Leave the cursor out.")
    if ctx.method == "tools/call" and isinstance(name := params.get("name"), str) and name not in _NAMES:
        raise MCPError(INVALID_PARAMS, f"Unknown tool {name[:100]!r}.{nearest(name[:100], _NAMES)}")
    return await call_next(ctx)
