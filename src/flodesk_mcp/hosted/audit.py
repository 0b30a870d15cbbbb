"""A line for every write: who, which tool, a hash of what it was done to, and how it ended."""

import hmac
import json
import logging
from collections.abc import Mapping
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp_types import CallToolResult, InputRequiredResult

from flodesk_mcp.hosted.access import visitor_of
from flodesk_mcp.tools import CATALOG

__all__ = ["audit_writes"]

TARGETS = ("id_or_email", "email", "id", "name", "label")
CONTAINERS = ("workflow_id", "segment_ids")
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
        arguments = (ctx.params or {}).get("arguments") or {}
        logger.info(
            "%s called %s on %s: %s",
            access.who,
            name,
            _target(arguments, access.credential.fingerprint),
            outcome,
            extra={"audit": {"who": access.who, "tool": name, "outcome": outcome}},
        )
    return answer


def _outcome(answer: HandlerResult) -> str:
    if isinstance(answer, CallToolResult):
        return "failed" if answer.is_error else "done"
    if isinstance(answer, InputRequiredResult):
        return "asked"
    if isinstance(answer, dict):
        asked = answer.get("resultType") == "input_required"
        return "asked" if asked else "failed" if answer.get("isError") else "done"
    return "done"


def _target(arguments: Mapping[str, Any], fingerprint: str) -> str:
    """Return a hash of what is written to. Only who has the credential can try out which address it stands for."""
    named = [arguments[name] for name in (*TARGETS, *CONTAINERS) if name in arguments]
    text = json.dumps(named, default=str).encode()
    return hmac.digest(fingerprint.encode(), text, "sha256").hex()[:16]
