"""Which marketing tools a caller of a hosted server has, beside Flodesk.

In mode `headers` callers bring what opens them, as they bring their Flodesk credential; nothing is stored. What the
operator's own settings name belongs to the account that they name, and to nobody else. So with tokens or a sign-in
there is Flodesk alone.
"""

from collections.abc import Callable, Mapping

import httpx2
from starlette.requests import HTTPConnection

from flodesk_mcp.callers.clients import KEYCHAIN
from flodesk_mcp.callers.providers import (
    Memory,
    Offered,
    Providers,
    opened_with,
    providers_of_settings,
)
from flodesk_mcp.flodesk import Credential, FlodeskClient, identity_of
from flodesk_mcp.freshness import FreshMap
from flodesk_mcp.providers.known import KNOWN, KnownProvider, OpenQuota
from flodesk_mcp.providers.provider import Provider
from flodesk_mcp.web.auth.principal import OpenedAccount
from flodesk_mcp.web.settings import HostedSettings

__all__ = ["HostedProviders"]

KEPT_SECONDS = 900
MOST_KEPT = 10_000


class HostedProviders:
    """Opens the accounts of other providers. Whoever brings the same credential shares its quota."""

    def __init__(self, settings: HostedSettings, http: httpx2.AsyncClient, open_quota: OpenQuota) -> None:
        self._settings = settings
        self._open_quota = open_quota
        self._http = http
        self._opened: FreshMap[str, Provider] = FreshMap(KEPT_SECONDS, MOST_KEPT)
        self._memories: FreshMap[str, Memory] = FreshMap(KEPT_SECONDS, MOST_KEPT)
        self._of_settings: Providers | None = None

    def of(self, request: HTTPConnection, account: OpenedAccount, flodesk: Callable[[], FlodeskClient]) -> Providers:
        """Return those of who makes `request` for `account`."""
        if account.source in {self._settings.credential_source, KEYCHAIN}:
            if self._of_settings is None:
                self._of_settings = providers_of_settings(self._settings, flodesk, lambda: self._http, self._open_quota)
            return self._of_settings
        brought = {known: _brought(known, request) for known in KNOWN} if "headers" in self._settings.modes else {}
        found = {known.id: values | _defaults(known, self._settings) for known, values in brought.items() if values}
        offered = opened_with(self._settings, lambda: self._http, self._open_quota, found)
        others = {name: Offered(one.kind, self._once(name, found[name], one.open)) for name, one in offered.items()}
        sources = {known.name: f"the header {known.headers[0]}" for known in KNOWN}
        # Of the account and of what was brought: contacts of one credential are never read on with another.
        key = "\n".join([account.identity, *(_identity(name, values) for name, values in found.items())])
        memory = self._memories.get(key) or Memory()
        self._memories.set(key, memory)
        return Providers(flodesk, others, sources, memory, self._remedy)

    def _remedy(self, known: KnownProvider) -> str:
        if "headers" in self._settings.modes:
            return f"Send your own for {known.name} with each request: {' and '.join(known.headers)}."
        return f"This server opens no account at {known.name}: only where FLODESK_AUTH has headers can you bring one."

    def _once(self, id: str, values: Mapping[str, str], open: Callable[[], Provider]) -> Callable[[], Provider]:
        key = _identity(id, values)

        def opened() -> Provider:
            provider = self._opened.get(key) or open()
            self._opened.set(key, provider)
            return provider

        return opened


def _identity(id: str, values: Mapping[str, str]) -> str:
    """Return what an account of a provider is known by."""
    return identity_of(Credential("\n".join([id, *values.values()])))


def _brought(known: KnownProvider, request: HTTPConnection) -> dict[str, str]:
    """Return what a request brings for a provider, nothing unless it is all."""
    values = [request.headers.get(header, "").strip() for header in known.headers]
    return dict(zip(known.needs, values, strict=True)) if all(values) else {}


def _defaults(known: KnownProvider, settings: HostedSettings) -> dict[str, str]:
    return {name: str(getattr(settings, name)) for name in known.takes}
