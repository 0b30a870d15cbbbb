"""Who a request comes from, and what is open to it."""

from typing import Any

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from pydantic import ConfigDict, Field

from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.flodesk import Credential

__all__ = ["Access", "User", "user_of"]


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
    tool_filter: ToolFilter = ToolFilter()


class User(AuthenticatedUser):
    """Who makes one request, with the tool filter of its access and of the request itself."""

    def __init__(self, access: Access, request_filter: ToolFilter) -> None:
        super().__init__(access)
        self.access = access
        self.tool_filter = access.tool_filter & request_filter


def user_of(request: Any) -> User:
    """Return who makes `request`. None gets this far without one."""
    user = request.user if request is not None else None
    if not isinstance(user, User):
        raise TypeError("A request came in without anybody who makes it.")
    return user
