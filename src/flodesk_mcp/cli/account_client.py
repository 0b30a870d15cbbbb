"""A stored account, opened for one command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from flodesk_mcp.callers.clients import open_connections
from flodesk_mcp.callers.logins import StoredCredentials, oauth_client
from flodesk_mcp.cli.store import OpenStore
from flodesk_mcp.flodesk import FlodeskClient, FlodeskError
from flodesk_mcp.settings import SettingsError
from flodesk_mcp.store import StoredAccount

__all__ = ["account_client"]

SIGN_IN_AT = "the page where the account was connected."


@asynccontextmanager
async def account_client(store: OpenStore, stored: StoredAccount) -> AsyncIterator[FlodeskClient]:
    """Open a client of a stored account. Raises SettingsError, with one line for whatever Flodesk answers, too."""
    async with open_connections(store.settings) as http:
        opening = StoredCredentials(store.logins, oauth_client(store.settings, http), SIGN_IN_AT)
        try:
            yield FlodeskClient(opening.credential(stored), base_url=store.settings.base_url, http=http)
        except FlodeskError as error:
            raise SettingsError(f"Account {stored.name!r}: {error}") from error
