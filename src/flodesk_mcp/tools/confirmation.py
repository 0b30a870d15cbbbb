"""Asking the person behind a client, in either era of the protocol."""

import hashlib
from typing import Any, Literal

from mcp.server.mcpserver import Context
from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import BaseModel

__all__ = ["Confirm", "ask", "can_ask"]

Confirm = Literal["auto", "always", "never"]


class _NothingToFillIn(BaseModel):
    """Accepting the question is the answer."""


def can_ask(context: Context[Any]) -> bool:
    """Tell whether the client declared that it shows its user forms."""
    capabilities = context.client_capabilities
    asking = capabilities.elicitation if capabilities else None
    return asking is not None and (asking.form is not None or asking.url is None)


async def ask(context: Context[Any], question: str) -> bool | InputRequiredResult:
    """Return whether the person agrees; in the modern era first what the client must ask and call again with.

    A second call counts as an answer to the very question alone that this call would ask: its key is made from it.
    """
    if context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        return (await context.elicit(question, _NothingToFillIn)).action == "accept"
    key = "confirm-" + hashlib.sha256(question.encode()).hexdigest()[:16]
    answer = (context.input_responses or {}).get(key)
    if isinstance(answer, ElicitResult):
        return answer.action == "accept"
    schema = {"type": "object", "properties": {}}
    form = ElicitRequestFormParams(message=question, requested_schema=schema)
    return InputRequiredResult(input_requests={key: ElicitRequest(params=form)})
