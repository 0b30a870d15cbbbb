"""Asking the person behind a client, in either era of the protocol."""

import hashlib
from typing import Any, Literal

from mcp.server.mcpserver import Context
from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

__all__ = ["Confirm", "ask", "can_ask"]

Confirm = Literal["auto", "always", "never"]


NOTHING_TO_FILL_IN: dict[str, Any] = {"type": "object", "properties": {}}
"""Accepting the question is the answer."""


def can_ask(context: Context[Any]) -> bool:
    """Tell whether the client declared that it shows its user forms."""
    capabilities = context.client_capabilities
    asking = capabilities.elicitation if capabilities else None
    return asking is not None and (asking.form is not None or asking.url is None)


async def ask(context: Context[Any], question: str) -> bool | InputRequiredResult:
    """Return whether the person agrees; in the modern era first what the client must ask and call again with.

    A second call counts as an answer to the very question alone that this call would ask: its key is made from it.
    Raises MCPError when the client fails to ask.
    """
    if context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        # Not context.elicit: it takes an accepting answer without content, which is all there can be, for an error.
        session = context.request_context.session
        return (await session.elicit_form(question, NOTHING_TO_FILL_IN, context.request_id)).action == "accept"
    key = "confirm-" + hashlib.sha256(question.encode()).hexdigest()[:16]
    answer = (context.input_responses or {}).get(key)
    if isinstance(answer, ElicitResult):
        return answer.action == "accept"
    form = ElicitRequestFormParams(message=question, requested_schema=NOTHING_TO_FILL_IN)
    return InputRequiredResult(input_requests={key: ElicitRequest(params=form)})
