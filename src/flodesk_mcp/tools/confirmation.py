"""Asking the person behind a client, in either era of the protocol."""

import hashlib
from typing import Any, Literal

from mcp.server.mcpserver import Context
from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic_core import to_json

__all__ = ["Confirm", "ask", "can_ask"]

Confirm = Literal["auto", "always", "never"]


# Nothing to fill in: accepting the question is the answer.
_FORM: dict[str, Any] = {"type": "object", "properties": {}}


def can_ask(context: Context[Any]) -> bool:
    """Tell whether the client declared that it shows its user forms, and can be reached with one."""
    if context.protocol_version not in MODERN_PROTOCOL_VERSIONS and not context.session.can_send_request:
        return False
    capabilities = context.client_capabilities
    asking = capabilities.elicitation if capabilities else None
    return asking is not None and (asking.form is not None or asking.url is None)


async def ask(context: Context[Any], question: str, call: Any) -> bool | InputRequiredResult:
    """Return whether the person agrees; in the modern era first what the client must ask and call again with.

    An answer counts for the very question alone, and for the very `call`, that it was given to: its key is made from
    both, because a question shows long values only in part. Raises MCPError when the client fails to ask.
    """
    if context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        # Not context.elicit: it takes an agreement without content, which has nothing to hold, for a failure.
        result: ElicitResult = await context.session.elicit_form(question, _FORM, context.request_id)
        return result.action == "accept"
    key = "confirm-" + hashlib.sha256(to_json([question, call])).hexdigest()[:16]
    answer = (context.input_responses or {}).get(key)
    if isinstance(answer, ElicitResult):
        return answer.action == "accept"
    form = ElicitRequestFormParams(message=question, requested_schema=_FORM)
    return InputRequiredResult(input_requests={key: ElicitRequest(params=form)})
