"""A line for every write: who, which tool, a hash of what it was done to, and how it ended."""

import hmac
import json
import logging
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from pydantic import BaseModel

from flodesk_mcp.flodesk import identity_of
from flodesk_mcp.tools import CATALOG
from flodesk_mcp.web.auth.access import visitor_of

__all__ = ["audit_writes"]

TARGETS = ("id_or_email", "email", "id", "name", "label", "workflow_id", "segment_id", "segment_ids", "subscribers")
WRITES = frozenset(spec.name for spec in CATALOG if not spec.reads_only)

logger = logging.getLogger(__name__)


async def audit_writes(ctx: ServerRequestContext[Any], call_next: CallNext) -> HandlerResult:
    """Log a call that writes, whatever becomes of it."""
    name = (ctx.params or {}).get("name") if ctx.method == "tools/call" else None
    if not isinstance(name, str) or name not in WRITES:
        return await call_next(ctx)
    outcome = "crashed"
    try:
        answer = await call_next(ctx)
        outcome = _outcome(answer)
    finally:
        access = visitor_of(ctx).access
        target = _target((ctx.params or {}).get("arguments"), identity_of(access.credential))
        told = {"who": access.who, "tool": name, "target": target, "outcome": outcome}
        logger.info("%(who)s called %(tool)s on %(target)s: %(outcome)s", told, extra={"audit": told})
    return answer


def _outcome(answer: HandlerResult) -> str:
    told = answer.model_dump(by_alias=True) if isinstance(answer, BaseModel) else answer or {}
    if told.get("resultType") == "input_required":
        return "asked"
    return "failed" if told.get("isError") else "done"


def _target(arguments: Any, identity: str) -> str:
    """Return a hash of what is written to. Only who has the credential can try out which address it stands for."""
    given = arguments if isinstance(arguments, dict) else {}
    named = [given[name] for name in TARGETS if name in given]
    text = json.dumps(named, default=str).encode()
    return hmac.digest(identity.encode(), text, "sha256").hex()[:16]
