"""The single caller that the settings name: what a server over standard input and output is for."""

import hmac
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from httpx2 import AsyncBaseTransport

from flodesk_mcp.callers.caller import Caller, Callers
from flodesk_mcp.callers.clients import client_for, find_credential, open_connections
from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.flodesk import Credential, FlodeskClient, NoAnswer, NoCredential, identity_of
from flodesk_mcp.settings import Settings, SettingsError

if TYPE_CHECKING:
    from flodesk_mcp.quota.file import FileQuota

__all__ = ["flodesk_client", "machine_quota", "single_caller"]


class _Single:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def caller(self, request: Any) -> Caller:
        return self._caller


@asynccontextmanager
async def single_caller(
    settings: Settings, tool_filter: ToolFilter, transport: AsyncBaseTransport | None = None
) -> AsyncIterator[Callers]:
    """Open the account of this computer's user, for every request alike. `transport` leads elsewhere than to a network.

    Raises SettingsError for a setting that is missing or does not work.
    """
    try:
        credential, source = find_credential(settings)
    except SettingsError:  # a missing one ends the start, not the first call, unless the person is yet to enter it
        if settings.key_help is None:
            raise
        yield _Single(_yet_to_come(settings, tool_filter, settings.key_help))
        return
    identity = identity_of(credential)
    async with AsyncExitStack() as closing:

        def open_client() -> FlodeskClient:
            # Not before the first call: reading the machine's certificates would take a twentieth of the start.
            try:
                http = open_connections(settings, transport)
            except SettingsError as error:
                raise NoAnswer(str(error), sent=False, uncertain=False) from error
            closing.push_async_callback(http.aclose)
            quota = None if transport else machine_quota(settings, credential)
            return client_for(identity, credential, settings, http, quota)

        yield _Single(
            Caller(
                name="this machine",
                identity=identity,
                open_client=open_client,
                tool_filter=tool_filter,
                credential_source=source,
                max_wait_seconds=settings.max_wait_seconds,
                confirm=settings.confirm,
                personal_data=settings.personal_data,
            )
        )


def _yet_to_come(settings: Settings, tool_filter: ToolFilter, key_help: str) -> Caller:
    def refuse() -> FlodeskClient:
        raise NoCredential(key_help)

    return Caller(
        name="this machine",
        identity="",
        open_client=refuse,
        tool_filter=tool_filter,
        credential_source=settings.credential_source,
        max_wait_seconds=settings.max_wait_seconds,
        confirm=settings.confirm,
        personal_data=settings.personal_data,
    )


@asynccontextmanager
async def flodesk_client(settings: Settings, credential: Credential) -> AsyncIterator[FlodeskClient]:
    """Open a client for the account that `credential` opens.

    Raises SettingsError for a setting that does not work.
    """
    async with open_connections(settings) as http:
        quota = machine_quota(settings, credential)
        yield client_for(identity_of(credential), credential, settings, http, quota)


def machine_quota(settings: Settings, credential: Credential) -> "FileQuota | None":
    """Return the quota that all processes of this user share for an account, or None on the embedded Flodesk.

    That one lives in its process alone.
    """
    if settings.sandbox:
        return None
    from flodesk_mcp.quota.file import FileQuota  # with the first call, so that the server starts fast

    def name_of(key: bytes) -> str:
        # A sandbox at another address is another account, though it has the same key.
        return identity_of(credential, hmac.digest(key, settings.base_url.encode(), "sha256"))

    return FileQuota(settings.data_folder / "quota", name_of, settings.requests_per_minute, settings.batches_per_minute)
