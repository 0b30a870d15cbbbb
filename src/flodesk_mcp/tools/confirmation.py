"""Asking the person behind a client, in either era of the protocol."""

import hashlib
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp_types import CallToolRequestParams, ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic_core import to_json

__all__ = ["ask", "can_ask"]

# Nothing to fill in: accepting the question is the answer.
_FORM: dict[str, Any] = {"type": "object", "properties": {}}


def can_ask(context: ServerRequestContext[Any]) -> bool:
    """Tell whether the client declared that it shows its user forms, and can be reached with one."""
    if context.protocol_version not in MODERN_PROTOCOL_VERSIONS and not context.session.can_send_request:
        return False
    capabilities = context.session.client_capabilities
    asking = capabilities.elicitation if capabilities else None
    return asking is not None and (asking.form is not None or asking.url is None)


async def ask(
    context: ServerRequestContext[Any], params: CallToolRequestParams, question: str, call: Any
) -> bool | InputRequiredResult:
    """Return whether the person agrees; in the modern era first what the client must ask and call again with.

    An answer counts for the very question alone, and for the very `call`, that it was given to: its key is made from
    both, because a question shows long values only in part. Raises MCPError when the client fails to ask.
    """
    if context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        result: ElicitResult = await context.session.elicit_form(question, _FORM, context.request_id)
        return result.action == "accept"
    key = "confirm-" + hashlib.sha256(to_json([question, call])).hexdigest()[:16]
    answer = (params.input_responses or {}).get(key)
    if isinstance(answer, ElicitResult):
        return answer.action == "accept"
    form = ElicitRequestFormParams(message=question, requested_schema=_FORM)
    return InputRequiredResult(input_requests={key: ElicitRequest(params=form)})
