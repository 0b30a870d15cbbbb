"""Who makes each request to the hosted server."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import cycle
from typing import TYPE_CHECKING, Any

import anyio
import httpx2

from flodesk_mcp.callers.caller import Caller, tightest
from flodesk_mcp.callers.clients import client_for
from flodesk_mcp.callers.pool import ClientPool
from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.events.events import Events
from flodesk_mcp.events.forwarding import Destination
from flodesk_mcp.flodesk import Credential, FlodeskClient, FlodeskError
from flodesk_mcp.quota import Quota
from flodesk_mcp.server import operator_filter
from flodesk_mcp.settings import PersonalData
from flodesk_mcp.store import Database, StoreError
from flodesk_mcp.web.audiences import Audiences
from flodesk_mcp.web.auth.principal import OpenedAccount, user_of
from flodesk_mcp.web.files.links import CallerExchange, FileLinks
from flodesk_mcp.web.replicas import Replicas
from flodesk_mcp.web.settings import HostedSettings

if TYPE_CHECKING:
    from flodesk_mcp.web.provider_headers import HostedProviders

__all__ = ["WebCallers"]

LOOKED_AFTER_SECONDS = 15.0
"""With the lease of a job that is as much again, it goes on well within a minute after its process has died."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WebCallers:
    """Finds the caller of a request: what it may do is limited by the operator, its access and the request itself.

    `connection` is the filter that a connection was opened with, and that its requests do not repeat;
    `connection_personal_data` the same for personal data.
    """

    pool: ClientPool
    audiences: Audiences
    links: FileLinks
    providers: Callable[[], "HostedProviders"]
    settings: HostedSettings
    operator: ToolFilter
    events: Events | None = None
    connection: ToolFilter = field(default_factory=ToolFilter)
    connection_personal_data: PersonalData = "shown"

    @classmethod
    def of(
        cls,
        settings: HostedSettings,
        https: Sequence[httpx2.AsyncClient],
        replicas: Replicas,
        measured: Callable[[Quota], Quota] | None = None,
    ) -> "WebCallers":
        """Return the callers that `settings` allow, whose accounts are spread over `https`.

        Their quotas are `measured`. Raises SettingsError.
        """
        turns = cycle(https)

        def open_client(identity: str, credential: Credential) -> FlodeskClient:
            client = client_for(identity, credential, settings, next(turns), replicas.quota(identity))
            if measured:
                client.measure(measured)
            return audiences.listen_to(identity, client)

        @cache
        def open_providers() -> "HostedProviders":
            from flodesk_mcp.web.provider_headers import HostedProviders  # only where their tools are on

            return HostedProviders(settings, https[0], replicas.provider_quota)

        audiences = Audiences(settings)
        pool = ClientPool(open_client, settings.requests_per_minute)
        events = None
        if settings.keeps_state:
            events = Events(
                Database(settings.database_address),
                settings.public_url,
                replicas.messages,
                audiences.background.spawn,
                _destination(settings),
                settings.events_days,
            )
        links = FileLinks(settings, audiences.folder)
        return cls(pool, audiences, links, open_providers, settings, operator_filter(settings), events)

    async def resume_jobs(self, known_accounts: Callable[[], Awaitable[Iterable[OpenedAccount]]]) -> None:
        """Go on with the jobs that an earlier process left, of accounts that need no call to be opened.

        Where several processes share them, look from time to time whether one has died.
        """
        if not (self.operator.allows_toolset("audience") and self.audiences.may_have_any):
            return
        while True:
            try:
                await self.audiences.go_on_with_jobs(partial(self._opening, known_accounts))
            except (StoreError, FlodeskError, ValueError) as error:
                logger.warning("Unfinished jobs wait for a call of their account: %s", error)
            if not self.audiences.are_shared:
                return
            await anyio.sleep(LOOKED_AFTER_SECONDS)

    async def _opening(
        self, known_accounts: Callable[[], Awaitable[Iterable[OpenedAccount]]]
    ) -> list[tuple[str, Callable[[], FlodeskClient]]]:
        known = await known_accounts()
        return [(each.identity, partial(self.pool.client, each.identity, each.credential)) for each in known]

    def caller(self, request: Any) -> Caller:
        """Return who makes `request`."""
        user = user_of(request)
        principal = user.principal

        def open_client() -> FlodeskClient:
            return self.pool.client(principal.account.identity, principal.account.credential)

        return Caller(
            name=principal.name,
            identity=principal.account.identity,
            open_client=open_client,
            open_audience=lambda: self.audiences.audience(principal.account.identity, open_client()),
            tool_filter=self.operator & self.connection & user.tool_filter,
            credential_source=principal.account.source,
            max_wait_seconds=self.settings.max_wait_seconds,
            confirm=self.settings.confirm,
            events=self.events.of(principal.account.identity) if self.events else None,
            personal_data=tightest(self.settings.personal_data, self.connection_personal_data, user.personal_data),
            open_providers=lambda: self.providers().of(request, principal.account, open_client),
            exchange=CallerExchange(self.links, principal, lambda: self._address(request)),
        )

    def _address(self, request: Any) -> str:
        """Return the address that links to this server begin with; the Host header was checked before."""
        return self.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"


def _destination(settings: HostedSettings) -> Destination | None:
    if settings.forward_url is None or settings.forward_secret is None:
        return None
    return Destination(settings.forward_url, settings.forward_secret)
