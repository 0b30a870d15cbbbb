"""A line for every write: who, which tool, a hash of what it was done to, and how it ended."""

import hmac
import json
import logging
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from pydantic import BaseModel

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.tools import CATALOG, ToolSpec

__all__ = ["audit_writes"]

WRITES = {spec.name: spec for spec in CATALOG if not spec.reads_only}

logger = logging.getLogger(__name__)


async def audit_writes(ctx: ServerRequestContext[Caller], call_next: CallNext) -> HandlerResult:
    """Log a call that writes, whatever becomes of it."""
    name = (ctx.params or {}).get("name") if ctx.method == "tools/call" else None
    spec = WRITES.get(name) if isinstance(name, str) else None
    if spec is None:
        return await call_next(ctx)
    outcome = "crashed"
    try:
        answer = await call_next(ctx)
        outcome = _outcome(answer)
    finally:
        caller = ctx.lifespan_context
        target = _target(spec, (ctx.params or {}).get("arguments"), caller.identity)
        told = {"who": caller.name, "tool": name, "target": target, "outcome": outcome}
        logger.info("%(who)s called %(tool)s on %(target)s: %(outcome)s", told, extra={"audit": told})
    return answer


def _outcome(answer: HandlerResult) -> str:
    told = answer.model_dump(by_alias=True) if isinstance(answer, BaseModel) else answer or {}
    if told.get("resultType") == "input_required":
        return "asked"
    return "failed" if told.get("isError") else "done"


def _target(spec: ToolSpec, arguments: Any, identity: str) -> str:
    """Return a hash of what is written to. Only who knows the account's identity can try out what it stands for."""
    given = arguments if isinstance(arguments, dict) else {}
    named = [given[name] for name in spec.target if name in given]
    return hmac.digest(identity.encode(), json.dumps(named, default=str).encode(), "sha256").hex()[:16]
