"""Whose Flodesk account each request is for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
from mcp.server.context import ServerRequestContext

from flodesk_mcp.callers.pool import ClientPool
from flodesk_mcp.callers.single import client_for
from flodesk_mcp.flodesk import Credential, FlodeskClient
from flodesk_mcp.settings import Settings
from flodesk_mcp.tools import Confirm, ToolFilter
from flodesk_mcp.web.auth.access import visitor_of

__all__ = ["HostedAccounts"]


@dataclass(frozen=True)
class HostedAccounts:
    """The accounts of the callers: what a request may do is limited by the operator, its access and itself.

    `connection` holds the limits that a connection was opened with, and that its requests do not repeat.
    """

    pool: ClientPool
    operator: ToolFilter
    max_wait_seconds: float
    confirm: Confirm
    connection: tuple[ToolFilter, ...] = ()

    @classmethod
    def of(cls, settings: Settings, http: httpx2.AsyncClient) -> "HostedAccounts":
        """Return the accounts that `settings` allow, all reached through `http`."""

        def open_client(credential: Credential) -> FlodeskClient:
            return client_for(credential, settings, http)

        return cls(ClientPool(open_client), settings.limits(), settings.max_wait_seconds, settings.confirm)

    def client(self, context: ServerRequestContext[Any]) -> FlodeskClient:
        """Return the caller's client."""
        return self.pool.client(visitor_of(context).access.credential)

    def credential_source(self, context: ServerRequestContext[Any]) -> str:
        """Return where the caller's credential was set."""
        return visitor_of(context).access.credential_source

    def limits(self, context: ServerRequestContext[Any]) -> Sequence[ToolFilter]:
        """Return the operator's limits, then the connection's, the access's and the request's."""
        return (self.operator, *self.connection, *visitor_of(context).limits)
