"""Asking the person behind a client, in either era of the protocol: by a question, or by the button of a card."""

import hashlib
import secrets
from enum import Enum
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp_types import (
    CallToolRequestParams,
    ClientCapabilities,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic_core import to_json

from flodesk_mcp.claims import Claims, ClaimsOfProcess

__all__ = ["ANSWER_SECONDS", "CARDS", "CARD_TYPE", "Asking", "Way", "declares_cards", "shows_cards", "way_to_ask"]

CARDS = "io.modelcontextprotocol/ui"
"""The extension by which a client shows cards: pages beside the results of tools."""

CARD_TYPE = "text/html;profile=mcp-app"

ANSWER_SECONDS = 3600
"""How long a person may take for an answer."""

MAX_ANSWERED = 10_000

# Nothing to fill in: accepting the question is the answer.
_FORM: dict[str, Any] = {"type": "object", "properties": {}}


class Way(Enum):
    """Whether a question reaches a person: where a client declares that it shows forms, it must get there."""

    OPEN = "open"
    NONE = "none"
    UNKNOWN = "unknown"


def way_to_ask(context: ServerRequestContext[Any]) -> Way:
    """Return what is known of asking the person behind a client."""
    capabilities = context.session.client_capabilities
    modern = context.protocol_version in MODERN_PROTOCOL_VERSIONS
    if capabilities is None and not modern:
        return Way.UNKNOWN  # without a session nobody said what the client can do
    asking = capabilities.elicitation if capabilities else None
    if asking is None or (asking.form is None and asking.url is not None):
        return Way.NONE
    return Way.OPEN if modern or context.session.can_send_request else Way.UNKNOWN


def shows_cards(context: ServerRequestContext[Any]) -> bool:
    """Tell whether the client shows cards (pages of this type) to its person."""
    # The SDK's `client_supports_apps` says the same, but its module takes the start MCPServer, which is not used here.
    capabilities: Any = context.session.client_capabilities
    if context.method == "initialize":  # the session learns them after this request
        capabilities = ClientCapabilities.model_validate((context.params or {}).get("capabilities") or {})
    return capabilities is not None and declares_cards(capabilities)


def declares_cards(capabilities: ClientCapabilities) -> bool:
    """Tell whether a client with these capabilities shows cards."""
    types = ((capabilities.extensions or {}).get(CARDS) or {}).get("mimeTypes")
    return isinstance(types, list) and CARD_TYPE in types


class Asking:
    """Puts questions. Each is answered once, however often a client repeats the answer to it."""

    def __init__(self, answers: Claims | None = None) -> None:
        """Take where it is known which answers were used; by default this process knows."""
        self._answers = answers or ClaimsOfProcess(ANSWER_SECONDS, MAX_ANSWERED)

    async def ask(
        self, context: ServerRequestContext[Any], params: CallToolRequestParams, question: str, call: Any
    ) -> bool | InputRequiredResult:
        """Return whether the person agrees; in the modern era first what the client must ask and call again with.

        An answer counts for the very question alone, and for the very `call`, that it was given to: its key is made
        from both, because a question shows long values only in part, and from the question's own name, which comes
        back sealed. Raises MCPError when the client fails to ask.
        """
        if context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            result: ElicitResult = await context.session.elicit_form(question, _FORM, context.request_id)
            return result.action == "accept"
        asked = params.request_state
        if asked is not None:
            answer = (params.input_responses or {}).get(_key(asked, question, call))
            if isinstance(answer, ElicitResult) and await self._answers.claim(asked):
                return answer.action == "accept"
        name = secrets.token_urlsafe(12)
        form = ElicitRequestFormParams(message=question, requested_schema=_FORM)
        asking = {_key(name, question, call): ElicitRequest(params=form)}
        return InputRequiredResult(input_requests=asking, request_state=name)


def _key(name: str, question: str, call: Any) -> str:
    return "confirm-" + hashlib.sha256(to_json([name, question, call])).hexdigest()[:16]
