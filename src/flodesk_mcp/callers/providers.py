"""The marketing tools that a caller has a credential for, Flodesk among them."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import httpx2
from pydantic import SecretStr

from flodesk_mcp.callers.taking_over import ContactsReading
from flodesk_mcp.flodesk import Credential, FlodeskClient, InvalidArgument, NoCredential
from flodesk_mcp.freshness import FreshMap
from flodesk_mcp.providers.known import KNOWN, Access, KnownProvider, OpenQuota
from flodesk_mcp.providers.provider import Provider
from flodesk_mcp.quota import Quota, WindowQuota
from flodesk_mcp.settings import Settings, variable

__all__ = ["Memory", "Offered", "Providers", "opened_with", "providers_of_settings", "quota_in_process"]

FLODESK = "flodesk"
REMEMBERED_SECONDS = 3600
MAX_REMEMBERED = 10_000
READINGS_SECONDS = 600
MAX_READINGS = 4


class Memory:
    """What is remembered from call to call: which ids were shown, by provider, and how far contacts were read."""

    def __init__(self) -> None:
        self.shown: FreshMap[tuple[str, str], bool] = FreshMap(REMEMBERED_SECONDS, MAX_REMEMBERED)
        self.readings: FreshMap[tuple[str, str | None], ContactsReading] = FreshMap(READINGS_SECONDS, MAX_READINGS)


class Offered(NamedTuple):
    """A provider that there is a credential for: the class of its adapter, and how one is opened."""

    kind: Callable[[], type[Provider]]
    open: Callable[[], Provider]


class Providers:
    """Flodesk and the others. Each is opened by the first call that needs it.

    Whose ids have been shown is remembered for an hour, so that one which is given to another provider is told apart.
    """

    def __init__(
        self,
        flodesk: Callable[[], FlodeskClient],
        others: Mapping[str, Offered] = MappingProxyType({}),
        sources: Mapping[str, str] = MappingProxyType({}),
        memory: Memory | None = None,
        remedy: Callable[[KnownProvider], str] | None = None,
    ) -> None:
        """Take the others by id, by names of services where their credentials were set, and what is remembered.

        `remedy` says what helps where there is no credential for one.
        """

        def kind() -> type[Provider]:
            from flodesk_mcp.flodesk.adapter import FlodeskAdapter

            return FlodeskAdapter

        def open_flodesk() -> Provider:
            from flodesk_mcp.flodesk.adapter import FlodeskAdapter

            return FlodeskAdapter(flodesk())

        self._offered = {FLODESK: Offered(kind, open_flodesk), **others}
        self._sources = sources
        self._opened: dict[str, Provider] = {}
        self._memory = memory or Memory()
        self._remedy = remedy or _remedy_of_settings
        self._shown = self._memory.shown

    @property
    def ids(self) -> list[str]:
        """The providers that there are, Flodesk first."""
        return list(self._offered)

    def get(self, id: str) -> Provider:
        """Return one of them. Raises InvalidArgument, NoCredential."""
        if id not in self._offered:
            raise (
                NoCredential(self._remedy(_known()[id]))
                if id in _known()
                else InvalidArgument(f"There is no provider {id[:80]!r}. There are {', '.join(self.ids)}.")
            )
        if id == FLODESK:  # whose client may be another by the next call
            return self._offered[id].open()
        if id not in self._opened:
            self._opened[id] = self._offered[id].open()
        return self._opened[id]

    def kind(self, id: str) -> type[Provider]:
        """Return what is known of a provider before it is opened."""
        return self._offered[id].kind()

    def chosen(self, id: str | None) -> Provider:
        """Return the provider that is meant: where there is one alone, it need not be said.

        Raises InvalidArgument, NoCredential.
        """
        if id is None and len(self._offered) > 1:
            raise InvalidArgument(f"provider is missing: it is one of {', '.join(self.ids)}.")
        return self.get(id or self.ids[0])

    def source_of(self, service: str) -> str:
        """Return where the credential of a service was set."""
        return self._sources.get(service, f"the credential for {service}")

    def note(self, provider: Provider, ids: Iterable[str]) -> None:
        """Remember whose these ids are."""
        for known in ids:
            self._shown.set((provider.id, known), value=True)

    async def everybody(self, provider: Provider, segment_id: str | None) -> list[dict[str, Any]]:
        """Return all contacts of a provider, or of a segment there, as rows of an import.

        What was read is kept for ten minutes, or until `forget_everybody`: so the next call goes on where a quota
        ended this one, and one that waits for its plan reads nothing again. Raises StillTaking, FlodeskError.
        """
        key = (provider.id, segment_id)
        reading = self._memory.readings.get(key) or ContactsReading(segment_id)
        self._memory.readings.set(key, reading)
        return await reading.to_the_end(provider)

    def untold(self, provider: str, segment_id: str | None) -> int:
        """Return of how many, among all who were read, the provider does not tell whether they may be mailed."""
        reading = self._memory.readings.get((provider, segment_id))
        return reading.unknown if reading else 0

    def forget_everybody(self, provider: str, segment_id: str | None) -> None:
        """Read the contacts anew the next time: those that were read stand in a plan."""
        self._memory.readings.forget((provider, segment_id))

    def check_belongs(self, provider: Provider, id: str) -> None:
        """Raise InvalidArgument for an id that another provider has shown, and this one not."""
        if self._shown.get((provider.id, id)):
            return
        for other in self.ids:
            if other != provider.id and self._shown.get((other, id)):
                name = self.get(other).name
                raise InvalidArgument(
                    f"{id[:80]!r} is an id of {name}, which means nothing to {provider.name}: pass provider {other!r}, "
                    "or the e-mail address."
                )


def _given_settings(known: KnownProvider, settings: Settings) -> dict[str, str]:
    """Return the settings that open a provider's account; none unless all that it needs are there."""
    if settings.sandbox:
        return known.of_stand_in()
    needed = {name: _text(getattr(settings, name, None)) for name in known.needs}
    if not all(needed.values()):
        return {}
    return needed | {name: _text(getattr(settings, name)) for name in known.takes}


def opened_with(
    settings: Settings,
    http: Callable[[], httpx2.AsyncClient],
    open_quota: OpenQuota,
    found: Mapping[str, Mapping[str, str]],
) -> dict[str, Offered]:
    """Return the providers whose own settings were `found`, by id."""

    def opener(known: KnownProvider) -> Callable[[], Provider]:
        def open_provider() -> Provider:
            access = Access(found[known.id], http(), open_quota, settings.max_wait_seconds, settings.timeout_seconds)
            try:
                return known.open(access)
            except ValueError as error:
                raise InvalidArgument(f"The credential for {known.name} cannot be one: {error}") from error

        return open_provider

    return {known.id: Offered(known.kind, opener(known)) for known in KNOWN if found.get(known.id)}


def providers_of_settings(
    settings: Settings,
    flodesk: Callable[[], FlodeskClient],
    http: Callable[[], httpx2.AsyncClient],
    open_quota: OpenQuota | None = None,
) -> Providers:
    """Return the providers that `settings` name, beside Flodesk, by default each with a quota of its own."""
    found = {known.id: _given_settings(known, settings) for known in KNOWN}
    sources = {known.name: f"the setting {variable(known.needs[0])}" for known in KNOWN}
    return Providers(flodesk, opened_with(settings, http, open_quota or quota_in_process, found), sources)


def quota_in_process(_: Credential, name: str, requests: int, seconds: float) -> Quota:
    """Return a quota that this process alone spends."""
    return WindowQuota(requests, requests, minute=seconds)


def _text(value: Any) -> str:
    return value.get_secret_value().strip() if isinstance(value, SecretStr) else str(value or "").strip()


def _known() -> dict[str, KnownProvider]:
    return {known.id: known for known in KNOWN}


def _remedy_of_settings(known: KnownProvider) -> str:
    return f"Whoever runs this server can set {' and '.join(map(variable, known.needs))} for {known.name}."
