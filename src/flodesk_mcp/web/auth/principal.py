"""Who a request comes from, and what is open to them."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken

from flodesk_mcp.callers.caller import tightest
from flodesk_mcp.callers.logins import StoredCredentials
from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.flodesk import Credential
from flodesk_mcp.settings import PersonalData
from flodesk_mcp.store import StoredAccount

__all__ = ["OpenedAccount", "Principal", "User", "shown_subject", "user_of"]


def shown_subject(subject: str) -> str:
    """Return what stands in logs for a person at an identity provider: some name them by their addresses."""
    return f"subject {hashlib.sha256(subject.encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class OpenedAccount:
    """A Flodesk account: its identity, what opens it, and where that was set, in words for people."""

    identity: str
    credential: Credential
    source: str

    @classmethod
    def of(cls, stored: StoredAccount, credentials: StoredCredentials) -> Self:
        """Return a stored account. Its id is its identity: a credential that replaces another keeps it."""
        return cls(stored.id, credentials.credential(stored), f"the stored account {stored.name!r}")


@dataclass(frozen=True)
class Principal:
    """What somebody proved, and to which account that lets them.

    `name` stands for them in logs, without a secret or an address. `client_id`, `issuer` and `subject` are the
    principal that the SDK ties sessions and request state to.
    """

    name: str
    account: OpenedAccount
    client_id: str
    issuer: str | None = None
    subject: str | None = None
    scopes: tuple[str, ...] = ()
    tool_filter: ToolFilter = field(default_factory=ToolFilter)
    personal_data: PersonalData = "shown"
    requests_per_minute: int | None = None
    calls_at_once: int | None = None

    @property
    def has_pace(self) -> bool:
        """Whether it has limits of its own on how often it is used."""
        return self.requests_per_minute is not None or self.calls_at_once is not None

    @cached_property
    def access_token(self) -> AccessToken:
        """What the SDK gets to see: never the token itself."""
        return AccessToken(
            token="",
            client_id=self.client_id,
            subject=self.subject,
            claims={"iss": self.issuer} if self.issuer else None,
            scopes=list(self.scopes),
        )


class User(AuthenticatedUser):
    """Who makes a request, limited by their access and by the request itself."""

    def __init__(self, principal: Principal, request_filter: ToolFilter, personal_data: PersonalData = "shown") -> None:
        super().__init__(principal.access_token)
        self.principal = principal
        self.tool_filter = principal.tool_filter & request_filter
        self.personal_data = tightest(principal.personal_data, personal_data)


def user_of(request: Any) -> User:
    """Return who makes `request`. None gets this far without one."""
    user = request.user if request is not None else None
    if not isinstance(user, User):
        raise TypeError("A request came in without anybody who makes it.")
    return user
