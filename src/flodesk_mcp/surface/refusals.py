"""What the protocol wants refused as an error of its own, and the SDK lets through."""

from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

from flodesk_mcp.surface.prompts import PROMPTS
from flodesk_mcp.tools import CATALOG, nearest

__all__ = ["refuse_the_unknown"]

_TOOLS = [spec.name for spec in CATALOG]
_PROMPTS = [spec.name for spec in PROMPTS]
_MISSING = "Missing required arguments"


async def refuse_the_unknown(ctx: ServerRequestContext[Any], call_next: CallNext) -> HandlerResult:
    """Be the middleware that refuses a cursor (every list is one page), and a name that does not exist."""
    params = ctx.params or {}
    if ctx.method.endswith("/list") and params.get("cursor") is not None:
        raise MCPError(INVALID_PARAMS, "Unknown cursor: this list comes in one page. Leave the cursor out.")
    for method, kind, names in (("tools/call", "tool", _TOOLS), ("prompts/get", "prompt", _PROMPTS)):
        if ctx.method == method and isinstance(name := params.get("name"), str) and name not in names:
            raise MCPError(INVALID_PARAMS, f"Unknown {kind} {name[:100]!r}.{nearest(name[:100], names)}")
    try:
        return await call_next(ctx)
    except ValueError as error:
        if ctx.method == "prompts/get" and str(error).startswith(_MISSING):  # to the SDK, a crash of the server
            raise MCPError(INVALID_PARAMS, str(error)) from error
        raise
