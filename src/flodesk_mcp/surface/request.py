"""The request that is being answered: the SDK hands it to tools, but not to resources and completions."""

from contextvars import ContextVar
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

from flodesk_mcp.tools import Accounts, ToolSpec, refusal

__all__ = ["current_request", "is_on", "remember_request", "why_off"]

_current: ContextVar[ServerRequestContext[Any]] = ContextVar("flodesk_request")


async def remember_request(ctx: ServerRequestContext[Any], call_next: CallNext) -> HandlerResult:
    """Be the middleware that lets `current_request` know."""
    token = _current.set(ctx)
    try:
        return await call_next(ctx)
    finally:
        _current.reset(token)


def current_request() -> ServerRequestContext[Accounts]:
    """Return the request that is being answered."""
    return _current.get()


def why_off(spec: ToolSpec) -> str | None:
    """Return what keeps the request from a tool, or from what shows the same; None where nothing does."""
    request = current_request()
    return refusal(request.lifespan_context.limits(request), spec)


def is_on(spec: ToolSpec) -> bool:
    """Tell whether the request may use a tool, or what shows the same."""
    return why_off(spec) is None
