"""What the commands on accounts and tokens share: the state of the settings, open for one of them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import anyio

from flodesk_mcp.settings import SettingsError, load_settings
from flodesk_mcp.store import Database, Sealer, StoredAccounts, StoredTokens, StoreError
from flodesk_mcp.web.settings import HostedSettings

__all__ = ["Store", "date", "with_store"]

OWN_FLAGS = ("database_url", "oauth_issuer")


@dataclass(frozen=True)
class Store:
    """The state, and the settings that it was found by."""

    settings: HostedSettings
    accounts: StoredAccounts
    tokens: StoredTokens


def with_store(flags: Mapping[str, Any], work: Callable[[Store], Awaitable[None]]) -> None:
    """Do `work` on the state.

    Raises SettingsError with one line for whatever cannot be done.
    """
    settings = load_settings(HostedSettings, **flags)

    async def run() -> None:
        database = Database(settings.database_url.get_secret_value() if settings.database_url else None)
        try:
            sealer = Sealer(settings.encryption_keys)
            await database.migrate()
            await work(Store(settings, StoredAccounts(database, sealer), StoredTokens(database, sealer)))
        finally:
            await database.aclose()

    try:
        anyio.run(run)
    except StoreError as error:
        raise SettingsError(str(error)) from error


def date(seconds: int | None) -> str:
    """Return a moment as a person reads it, in UTC."""
    return "-" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
