"""Who makes a request, and what it may do."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from flodesk_mcp.callers.exchange import Exchange
from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.deadline import Report, wait_deadline
from flodesk_mcp.flodesk import FlodeskClient
from flodesk_mcp.settings import PersonalData

if TYPE_CHECKING:
    from flodesk_mcp.audience.audience import Audience
    from flodesk_mcp.callers.providers import Providers
    from flodesk_mcp.events.account_events import AccountEvents

__all__ = ["Caller", "Callers", "Confirm", "tightest"]

Confirm = Literal["auto", "always", "never"]


def _nobody_listens(_: Exception) -> None:
    """Be told of a failure, and do nothing."""


@dataclass(frozen=True)
class Caller:
    """One object per request: whose Flodesk account it is for, and which tools are on.

    `name` stands for the caller in logs, without a secret or an address; `identity` for the account.
    `credential_source` says where the credential was set: a 401 names it. `confirm` says whether a person is asked
    before what cannot be undone, `personal_data` whether answers show who subscribers are. Files in `folders` may be
    read and written; where there is an `exchange`, they come and leave by its links instead. `events` are those of the
    account, None where there is no database to keep them. `failed` is told what a tool call ended with, before that
    becomes words for an agent. Without `open_providers` there is Flodesk alone.
    """

    name: str
    identity: str
    open_client: Callable[[], FlodeskClient]
    open_audience: Callable[[], "Audience"]
    tool_filter: ToolFilter
    credential_source: str
    max_wait_seconds: float
    confirm: Confirm
    personal_data: PersonalData
    folders: Sequence[Path] = ()
    exchange: Exchange | None = None
    events: "AccountEvents | None" = None
    failed: Callable[[Exception], None] = _nobody_listens
    open_providers: Callable[[], "Providers"] | None = None

    @cached_property
    def flodesk(self) -> FlodeskClient:
        """The client of the account, opened by the first call that needs it.

        Raises NoAnswer where the environment's proxy or certificates do not work.
        """
        return self.open_client()

    @cached_property
    def audience(self) -> "Audience":
        """The whole list of the account, opened by the first call that works on it.

        Raises AudienceError.
        """
        return self.open_audience()

    @cached_property
    def providers(self) -> "Providers":
        """Flodesk and the other marketing tools that there is a credential for."""
        if self.open_providers is not None:
            return self.open_providers()
        from flodesk_mcp.callers.providers import Providers

        return Providers(lambda: self.flodesk)

    def source_for(self, service: str) -> str:
        """Return where the credential for a service was set, as people would look for it."""
        return self.credential_source if service == "Flodesk" else self.providers.source_of(service)

    @property
    def masked(self) -> bool:
        """Whether nothing that this caller receives may show who a subscriber is."""
        return self.personal_data == "masked"

    def deadline(self, report: Report | None = None) -> AbstractContextManager[None]:
        """Let all requests within the block share what one call may wait; `report` hears of long waits."""
        return wait_deadline(self.max_wait_seconds, report)


def tightest(*layers: PersonalData) -> PersonalData:
    """Return what holds where each of `layers` may mask personal data, and none may show it again."""
    return "masked" if "masked" in layers else "shown"


class Callers(Protocol):
    """Knows who makes a request."""

    def caller(self, request: Any) -> Caller:
        """Return who makes `request`, the transport's own request object; over stdio there is none."""
