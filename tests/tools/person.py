"""The person that an agent works for."""

from dataclasses import dataclass, field
from typing import Literal

from mcp.client.session import ClientRequestContext
from mcp_types import ElicitRequestFormParams, ElicitRequestParams, ElicitResult, ErrorData

from flodesk_mcp.sandbox import Sandbox

Action = Literal["accept", "decline", "cancel"]


@dataclass
class Person:
    """Answers each question in the same way, and remembers what was asked, and what Flodesk had seen by then."""

    action: Action
    sandbox: Sandbox
    content: dict[str, str | int | float | bool | list[str] | None] | None = None
    asked: list[str] = field(default_factory=list)
    sent_before: list[str] = field(default_factory=list)

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult | ErrorData:
        """Answer as the client's elicitation callback."""
        assert isinstance(params, ElicitRequestFormParams)
        assert params.requested_schema == {"type": "object", "properties": {}}
        self.asked.append(params.message)
        self.sent_before += [seen.method for seen in self.sandbox.requests]
        return ElicitResult(action=self.action, content=self.content)
