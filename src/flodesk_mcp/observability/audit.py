"""A line for every write: who, which tool, a hash of what it was done to, and how it ended."""

import hmac
import json
import logging
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from pydantic import BaseModel

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.tools import CATALOG, ToolSpec

__all__ = ["Audit"]

WRITES = {spec.name: spec for spec in CATALOG if not spec.reads_only}

logger = logging.getLogger(__name__)


class Audit:
    """Middleware that logs every call that writes, whatever becomes of it."""

    def __init__(self, key: bytes) -> None:
        """Take the key that targets are hashed with: only who has it can try out which address a hash stands for."""
        self._key = key

    async def __call__(self, ctx: ServerRequestContext[Caller], call_next: CallNext) -> HandlerResult:
        """Pass a request on, and log it where it writes."""
        params = ctx.params or {}
        name = params.get("name") if ctx.method == "tools/call" else None
        spec = WRITES.get(name) if isinstance(name, str) else None
        if spec is None:
            return await call_next(ctx)
        outcome = "crashed"
        try:
            answer = await call_next(ctx)
            outcome = _outcome(answer)
        finally:
            caller = ctx.lifespan_context
            target = self._target(spec, params.get("arguments"), caller.identity)
            told = {"who": caller.name, "tool": name, "target": target, "outcome": outcome}
            logger.info("%(who)s called %(tool)s on %(target)s: %(outcome)s", told, extra={"audit": told})
        return answer

    def _target(self, spec: ToolSpec, arguments: Any, identity: str) -> str:
        """Return a hash of what is written to, the same again for the same account."""
        given = arguments if isinstance(arguments, dict) else {}
        named = {name: given[name] for name in spec.target if name in given}
        return hmac.digest(self._key, json.dumps([identity, named], default=str).encode(), "sha256").hex()[:16]


def _outcome(answer: HandlerResult) -> str:
    told = answer.model_dump(by_alias=True) if isinstance(answer, BaseModel) else answer or {}
    if told.get("resultType") == "input_required":
        return "asked"
    return "failed" if told.get("isError") else "done"
