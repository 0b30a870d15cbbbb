"""The one account that the settings name: what a server over standard input and output is for."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cached_property
from typing import Any

from httpx2 import AsyncBaseTransport, AsyncClient, InvalidURL
from mcp.server.context import ServerRequestContext

from flodesk_mcp.flodesk import Credential, FlodeskClient, NoAnswer, open_http
from flodesk_mcp.quota import WindowQuota
from flodesk_mcp.settings import Settings, SettingsError
from flodesk_mcp.tools import Accounts, Confirm, ToolFilter

__all__ = ["client_for", "flodesk_client", "one_account", "open_connections"]


class _OneAccount:
    def __init__(self, settings: Settings, transport: AsyncBaseTransport | None) -> None:
        self.source = settings.credential_source
        self.max_wait_seconds = settings.max_wait_seconds
        self.confirm: Confirm = settings.confirm
        self.closing = AsyncExitStack()
        settings.credential()  # a missing one ends the start, not the first call
        self._settings = settings
        self._transport = transport
        self._allowed = (settings.limits(),)

    def client(self, context: ServerRequestContext[Any]) -> FlodeskClient:
        return self._flodesk

    def credential_source(self, context: ServerRequestContext[Any]) -> str:
        return self.source

    def limits(self, context: ServerRequestContext[Any]) -> Sequence[ToolFilter]:
        return self._allowed

    @cached_property
    def _flodesk(self) -> FlodeskClient:
        # Opened by the first call: reading the machine's certificates would take a twentieth of the start.
        try:
            http = open_connections(self._settings, self._transport)
        except SettingsError as error:
            raise NoAnswer(str(error), sent=False, uncertain=False) from error
        self.closing.push_async_callback(http.aclose)
        return client_for(self._settings.credential(), self._settings, http)


@asynccontextmanager
async def one_account(settings: Settings, transport: AsyncBaseTransport | None = None) -> AsyncIterator[Accounts]:
    """Open the account that `settings` name, for every call alike. `transport` leads elsewhere than to the network.

    Raises SettingsError for a setting that is missing or does not work.
    """
    account = _OneAccount(settings, transport)
    async with account.closing:
        yield account


@asynccontextmanager
async def flodesk_client(settings: Settings) -> AsyncIterator[FlodeskClient]:
    """Open a client for the account that `settings` name.

    Raises SettingsError for a setting that is missing or does not work.
    """
    async with open_connections(settings, None) as http:
        yield client_for(settings.credential(), settings, http)


def client_for(credential: Credential, settings: Settings, http: AsyncClient) -> FlodeskClient:
    """Return a client for the account that `credential` opens, with a quota of its own, as `settings` say."""
    return FlodeskClient(
        credential,
        base_url=settings.base_url,
        http=http,
        quota=WindowQuota(settings.requests_per_minute, settings.batches_per_minute),
        max_wait_seconds=settings.max_wait_seconds,
        timeout_seconds=settings.timeout_seconds,
    )


def open_connections(settings: Settings, transport: AsyncBaseTransport | None) -> AsyncClient:
    """Return the HTTP client that leads where `settings` say: to the network, or to the embedded Flodesk.

    Raises SettingsError for a proxy or certificates of the environment that do not work.
    """
    if settings.sandbox and transport is None:
        from flodesk_mcp.sandbox import Sandbox  # only a server that runs on it pays for it

        transport = Sandbox().transport()
    try:
        return open_http(transport)
    except (InvalidURL, ValueError, OSError, ImportError) as error:  # raised for variables that httpx2 reads
        raise SettingsError(
            "The environment's proxy (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) or certificates (SSL_CERT_FILE, "
            f"SSL_CERT_DIR) cannot be used ({type(error).__name__}): correct or unset them."
        ) from None
