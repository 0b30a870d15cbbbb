"""The providers that there are: a line for each, and nothing is imported before somebody uses it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import httpx2

from flodesk_mcp.api.credentials import Credential
from flodesk_mcp.providers.provider import Provider
from flodesk_mcp.quota import Quota

__all__ = ["KNOWN", "Access", "KnownProvider", "OpenQuota"]


OpenQuota = Callable[[Credential, str, int, float], Quota]


@dataclass(frozen=True)
class Access:
    """What an adapter is opened with.

    `settings` are the provider's own, by name. `open_quota` returns one for a credential, by its name, of so many
    requests in so many seconds: who opens the account decides how far it is shared.
    """

    settings: Mapping[str, str] = field(repr=False)
    http: httpx2.AsyncClient
    open_quota: OpenQuota
    max_wait_seconds: float
    timeout_seconds: float


@dataclass(frozen=True)
class KnownProvider:
    """One line.

    `needs` are the settings without which it is not there, the first of them secret; `takes` those that have a
    default. `headers` are the names under which a caller of a hosted server brings what it needs.
    """

    id: str
    name: str
    folder: str
    needs: tuple[str, ...]
    takes: tuple[str, ...]
    headers: tuple[str, ...]
    stand_in: str | None = None

    def kind(self) -> type[Provider]:
        """Return the class of its adapters."""
        kind: type[Provider] = self._imported(f"{self.folder}.adapter").ADAPTER
        return kind

    def open(self, access: Access) -> Provider:
        """Return the adapter of one account. Raises ValueError for a credential that cannot be one."""
        opened: Provider = self._imported(f"{self.folder}.adapter").open_adapter(access)
        return opened

    def of_stand_in(self) -> dict[str, str]:
        """Return the settings that open the stand-in, none where there is no stand-in."""
        return dict(self._imported(self.stand_in).SETTINGS) if self.stand_in else {}

    @staticmethod
    def _imported(module: str) -> Any:
        return import_module(module)


KNOWN = (
    KnownProvider(
        "flownurture",
        "FlowNurture",
        "flodesk_mcp.flownurture",
        needs=("flownurture_api_key",),
        takes=("flownurture_base_url",),
        headers=("X-FlowNurture-Api-Key",),
        stand_in="flodesk_mcp.sandbox.flownurture",
    ),
    KnownProvider(
        "highlevel",
        "HighLevel",
        "flodesk_mcp.highlevel",
        needs=("highlevel_token", "highlevel_location_id"),
        takes=("highlevel_base_url", "highlevel_version"),
        headers=("X-HighLevel-Token", "X-HighLevel-Location-Id"),
        stand_in="flodesk_mcp.sandbox.highlevel",
    ),
)
