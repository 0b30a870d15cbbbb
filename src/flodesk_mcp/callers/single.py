"""The single caller that the settings name: what a server over standard input and output is for."""

import hmac
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import anyio
from httpx2 import AsyncBaseTransport, AsyncClient

from flodesk_mcp.callers.background import Background
from flodesk_mcp.callers.caller import Caller, Callers
from flodesk_mcp.callers.clients import client_for, find_credential, open_connections
from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.flodesk import (
    Credential,
    FlodeskClient,
    FlodeskError,
    NoAnswer,
    NoCredential,
    Subscriber,
    identity_of,
)
from flodesk_mcp.settings import Settings, SettingsError

if TYPE_CHECKING:
    from flodesk_mcp.audience.audience import Audience
    from flodesk_mcp.callers.providers import Providers
    from flodesk_mcp.quota.file import FileQuota

__all__ = ["flodesk_client", "machine_audience", "machine_provider_quota", "machine_quota", "single_caller"]

logger = logging.getLogger(__name__)

RESUME_SECONDS = 3.0
DAY = 24 * 3600
LOCK_TRIES = 200
LOCK_PAUSE_SECONDS = 0.005


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
    background = Background()
    in_memory = settings.sandbox or transport is not None
    async with AsyncExitStack() as closing, background.running():

        @cache
        def open_http() -> AsyncClient:
            # Not before the first call: reading the machine's certificates would take a twentieth of the start.
            try:
                http = open_connections(settings, transport)
            except SettingsError as error:
                raise NoAnswer(str(error), sent=False, uncertain=False) from error
            closing.push_async_callback(http.aclose)
            return http

        @cache
        def open_providers() -> "Providers":
            from flodesk_mcp.callers.providers import providers_of_settings  # only for who turned their tools on

            open_quota = None if in_memory else partial(machine_provider_quota, settings)
            return providers_of_settings(settings, lambda: caller.flodesk, open_http, open_quota)

        def open_client() -> FlodeskClient:
            http = open_http()
            quota = None if transport else machine_quota(settings, credential)
            client = client_for(identity, credential, settings, http, quota)
            client.subscribers.listener = note
            return client

        async def note(seen: Sequence[Subscriber]) -> None:
            # Only where somebody works on the whole list: what that needs takes long to import.
            if "audience" not in vars(caller) and not (not in_memory and _has_mirrors(settings)):
                return
            try:
                await caller.audience.mirror.note(*seen)
            except FlodeskError as error:  # the write itself succeeded
                logger.warning("The mirror missed a write: %s", error)

        def open_audience() -> "Audience":
            audience = machine_audience(settings, credential, caller.flodesk, background, in_memory=in_memory)
            closing.push_async_callback(audience.aclose)
            background.spawn(audience.resume)
            return audience

        caller = Caller(
            name="this machine",
            identity=identity,
            open_client=open_client,
            open_audience=open_audience,
            tool_filter=tool_filter,
            credential_source=source,
            max_wait_seconds=settings.max_wait_seconds,
            confirm=settings.confirm,
            personal_data=settings.personal_data,
            folders=settings.folders or (),
            open_providers=open_providers,
        )
        if not in_memory and tool_filter.allows_toolset("audience"):
            background.spawn(partial(_resume_jobs, settings, caller))
        yield _Single(caller)


async def _resume_jobs(settings: Settings, caller: Caller) -> None:
    """Go on with jobs that an earlier server left, when this one has long started: that would have delayed it."""
    await anyio.sleep(RESUME_SECONDS)
    if _has_mirrors(settings):
        try:
            _ = caller.audience
        except FlodeskError as error:
            logger.warning("Unfinished jobs wait: %s", error)


def _has_mirrors(settings: Settings) -> bool:
    """Tell whether this user works on whole lists."""
    return (settings.data_folder / "audience").exists()


def _yet_to_come(settings: Settings, tool_filter: ToolFilter, key_help: str) -> Caller:
    def refuse() -> Any:
        raise NoCredential(key_help)

    return Caller(
        name="this machine",
        identity="",
        open_client=refuse,
        open_audience=refuse,
        tool_filter=tool_filter,
        credential_source=settings.credential_source,
        max_wait_seconds=settings.max_wait_seconds,
        confirm=settings.confirm,
        personal_data=settings.personal_data,
        folders=settings.folders or (),
    )


@asynccontextmanager
async def flodesk_client(settings: Settings, credential: Credential) -> AsyncIterator[FlodeskClient]:
    """Open a client for the account that `credential` opens.

    Raises SettingsError for a setting that does not work.
    """
    async with open_connections(settings) as http:
        quota = machine_quota(settings, credential)
        yield client_for(identity_of(credential), credential, settings, http, quota)


def machine_audience(
    settings: Settings,
    credential: Credential,
    flodesk: FlodeskClient,
    background: Background,
    *,
    in_memory: bool = False,
) -> "Audience":
    """Return the whole list of an account: files of this user, or memory on the embedded Flodesk.

    Its jobs run in `background`. Raises StorageFailed.
    """
    from flodesk_mcp.audience.audience import Audience  # with the first call that works on it: it takes time
    from flodesk_mcp.audience.forgetting import forget_unused_files
    from flodesk_mcp.audience.storage import LocalStorage

    if settings.sandbox or in_memory:
        storage = LocalStorage(None, "sandbox")
    else:
        forget_unused_files(settings.data_folder, time.time() - settings.mirror_days * DAY)
        storage = LocalStorage(settings.data_folder, _name_on_machine(settings, credential))
    return Audience(flodesk, storage, spawn=background.spawn)


def _name_on_machine(settings: Settings, credential: Credential) -> str:
    """Return what files of an account are called: nobody can tell by it which credential opens the account."""
    from flodesk_mcp.audience.errors import StorageFailed
    from flodesk_mcp.quota.folder import LockHeld, MeetingFolder

    folder = MeetingFolder(settings.data_folder / "quota")
    for _ in range(LOCK_TRIES):
        try:
            with folder.locked():
                return _keyed(settings, credential, folder.key())
        except LockHeld:
            time.sleep(LOCK_PAUSE_SECONDS)
        except OSError as error:
            raise StorageFailed(
                f"{settings.data_folder} cannot be used: {error.strerror}. Set FLODESK_DATA_DIR to a folder that this "
                "user can write."
            ) from error
    raise StorageFailed(f"Another process keeps {folder.path} locked: try again.")


def _keyed(settings: Settings, credential: Credential, key: bytes) -> str:
    # A sandbox at another address is another account, though it has the same key.
    return identity_of(credential, hmac.digest(key, settings.base_url.encode(), "sha256"))


def machine_quota(settings: Settings, credential: Credential) -> "FileQuota | None":
    """Return the quota that all processes of this user share for an account, or None on the embedded Flodesk.

    That one lives in its process alone.
    """
    if settings.sandbox:
        return None
    from flodesk_mcp.quota.file import FileQuota  # with the first call, so that the server starts fast

    name_of = partial(_keyed, settings, credential)
    return FileQuota(settings.data_folder / "quota", name_of, settings.requests_per_minute, settings.batches_per_minute)


def machine_provider_quota(
    settings: Settings, credential: Credential, name: str, requests: int, seconds: float
) -> "FileQuota":
    """Return the quota of another provider's account that all processes of this user share."""
    from flodesk_mcp.quota.file import FileQuota

    def name_of(key: bytes) -> str:
        return identity_of(credential, hmac.digest(key, name.encode(), "sha256"))

    return FileQuota(settings.data_folder / "quota", name_of, requests, requests, minute=seconds)
