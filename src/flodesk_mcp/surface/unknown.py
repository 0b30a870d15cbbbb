"""What a call of a tool is told that does not exist."""

from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

from flodesk_mcp.surface.request import is_on
from flodesk_mcp.tools import CATALOG, nearest, visible

__all__ = ["name_the_nearest_tool"]

MAX_SHOWN = 80

_NAMES = frozenset(spec.name for spec in CATALOG)


async def name_the_nearest_tool(ctx: ServerRequestContext[Any], call_next: CallNext) -> HandlerResult:
    """Be the middleware that adds to the answer of such a call the name that was probably meant."""
    answer = await call_next(ctx)
    name = (ctx.params or {}).get("name") if ctx.method == "tools/call" else None
    if not isinstance(answer, dict) or not isinstance(name, str) or name in _NAMES:
        return answer
    shown = visible(name)[:MAX_SHOWN]
    meant = nearest(shown, (spec.name for spec in CATALOG if is_on(spec)))
    text = f"There is no tool {shown!r}.{meant} tools/list has all that there are."
    return answer | {"content": [{"type": "text", "text": text}]}
