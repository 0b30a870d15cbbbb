"""Who a request comes from, and what is open to it."""

from typing import Any

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.context import ServerRequestContext
from pydantic import ConfigDict, Field

from flodesk_mcp.flodesk import Credential
from flodesk_mcp.tools import ToolFilter

__all__ = ["Access", "Visitor", "visitor_of"]


class Access(AccessToken):
    """What somebody proved: the SDK's access token with a Flodesk credential, and never with the token itself.

    `who` names the caller in logs, without a secret or an address. `client_id` and `subject` are the principal
    that the SDK ties sessions and request state to.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    token: str = Field("", frozen=True)
    scopes: list[str] = Field(default_factory=list)
    who: str
    credential: Credential
    credential_source: str
    limits: tuple[ToolFilter, ...] = ()


class Visitor(AuthenticatedUser):
    """The caller of one request, with the limits of its access and of the request itself."""

    def __init__(self, access: Access, asked: tuple[ToolFilter, ...]) -> None:
        super().__init__(access)
        self.access = access
        self.limits = (*access.limits, *asked)


def visitor_of(context: ServerRequestContext[Any]) -> Visitor:
    """Return who makes the call in `context`. No call gets here without one."""
    visitor = context.request.user if context.request is not None else None
    if not isinstance(visitor, Visitor):
        raise TypeError("A call came in without anybody who makes it.")
    return visitor
