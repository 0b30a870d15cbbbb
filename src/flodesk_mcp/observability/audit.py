"""A line for every call: who, which tool, a hash of what it was done to, and how it ended."""

import hmac
import json
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel, ValidationError

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.flodesk import FlodeskError
from flodesk_mcp.tools import BUTTONS, TOOLS, Declined, Refused

__all__ = ["Audit", "record"]

Count = Callable[[str, str, float], None]

READ_RESOURCE = "resources/read"

logger = logging.getLogger(__name__)


def record(sentence: str, **told: Any) -> None:
    """Write a line: `sentence` with what is `told` in it, which a log in JSON shows by its names, too."""
    logger.info(sentence, told, extra={"audit": told})


class Audit:
    """Middleware that logs every call, whatever becomes of it."""

    def __init__(self, key: bytes, *, reads: bool = True, count: Count | None = None) -> None:
        """Take the key that targets are hashed with: only who has it can try out which address a hash stands for.

        Without `reads` only calls that write are logged. `count` is told of every one: the tool, how it ended, seconds.
        """
        self._key = key
        self._reads = reads
        self._count = count

    async def __call__(self, ctx: ServerRequestContext[Caller], call_next: CallNext) -> HandlerResult:
        """Pass a request on, and log it where it reads or writes."""
        called = self._called(ctx)
        if called is None:
            return await call_next(ctx)
        tool, named, is_logged = called
        began = time.monotonic()
        caller = ctx.lifespan_context
        failures: list[Exception] = []
        outcome = "crashed"
        try:
            answer = await call_next(replace(ctx, lifespan_context=replace(caller, failed=failures.append)))
            outcome = _failed(failures[-1]) if failures else _outcome(answer)
        except MCPError as error:
            outcome = _failed(error.__cause__ or error)
            raise
        except anyio.get_cancelled_exc_class():
            outcome = "cancelled"
            raise
        finally:
            if self._count:
                self._count(tool, outcome, time.monotonic() - began)
            if is_logged:
                record(
                    "%(who)s called %(tool)s on %(target)s: %(outcome)s",
                    who=caller.name,
                    tool=tool,
                    target=self._hashed(caller.identity, named) if named else "-",
                    outcome=outcome,
                )
        return answer

    def _called(self, ctx: ServerRequestContext[Caller]) -> tuple[str, dict[str, Any], bool] | None:
        """Return the tool that is called, the arguments that name its target, and whether that is logged.

        None for what is neither logged nor counted.
        """
        params = ctx.params or {}
        if ctx.method == READ_RESOURCE and (self._reads or self._count):
            return READ_RESOURCE, {"uri": params.get("uri")}, self._reads
        name = params.get("name") if ctx.method == "tools/call" else None
        spec = (TOOLS.get(name) or BUTTONS.get(name)) if isinstance(name, str) else None
        is_logged = spec is not None and (self._reads or not spec.reads_only)
        if spec is None or not (is_logged or self._count):
            return None
        arguments = params.get("arguments")
        given = arguments if isinstance(arguments, dict) else {}
        return spec.name, {name: given[name] for name in spec.target if name in given}, is_logged

    def _hashed(self, identity: str, named: dict[str, Any]) -> str:
        """Return a hash of what is read or written to, the same again for the same account."""
        return hmac.digest(self._key, json.dumps([identity, named], default=str).encode(), "sha256").hex()[:16]


def _outcome(answer: HandlerResult) -> str:
    told = answer.model_dump(by_alias=True) if isinstance(answer, BaseModel) else answer or {}
    if told.get("resultType") == "input_required":
        return "asked"
    return "failed" if told.get("isError") else "done"


def _failed(error: BaseException) -> str:
    match error:
        case Declined():
            return "declined"
        case Refused():
            return "refused"
        case FlodeskError(in_doubt=True):
            return "uncertain"
        case FlodeskError() | ValidationError() | MCPError():
            return "failed"
        case _:
            return "crashed"
