"""From the catalog and an account to an MCP server."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from httpx2 import AsyncClient, InvalidURL
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import MCPServer

from flodesk_mcp import __version__
from flodesk_mcp.flodesk import FlodeskClient, Quota, open_http
from flodesk_mcp.settings import Settings, SettingsError
from flodesk_mcp.surface import add_surface, advertise_what_is_on, remember_request
from flodesk_mcp.tools import CATALOG, Accounts, Confirm, FlodeskTool, Limits

__all__ = ["build_server", "flodesk_client", "one_account"]

FIXED = CacheHint(ttl_ms=3_600_000, scope="private")
CHANGING = CacheHint(ttl_ms=60_000, scope="private")


class _OneAccount:
    def __init__(self, flodesk: FlodeskClient, settings: Settings) -> None:
        self.flodesk = flodesk
        self.credential = settings.credential_source
        self.max_wait_seconds = settings.max_wait_seconds
        self.confirm: Confirm = settings.confirm
        self.allowed = settings.limits()

    def client(self, context: ServerRequestContext[Any]) -> FlodeskClient:
        return self.flodesk

    def limits(self, context: ServerRequestContext[Any]) -> Sequence[Limits]:
        return (self.allowed,)


@asynccontextmanager
async def one_account(settings: Settings) -> AsyncIterator[Accounts]:
    """Open the account that `settings` name, for every call alike.

    Raises SettingsError for a setting that is missing or does not work.
    """
    async with flodesk_client(settings) as client:
        yield _OneAccount(client, settings)


@asynccontextmanager
async def flodesk_client(settings: Settings) -> AsyncIterator[FlodeskClient]:
    """Open a client for the account that `settings` name.

    Raises SettingsError for a setting that is missing or does not work.
    """
    credential = settings.credential()
    async with _open_http(settings) as http:
        yield FlodeskClient(
            credential,
            base_url=settings.base_url,
            http=http,
            quota=Quota(settings.requests_per_minute, settings.batches_per_minute),
            max_wait_seconds=settings.max_wait_seconds,
            timeout_seconds=settings.timeout_seconds,
        )


def _open_http(settings: Settings) -> AsyncClient:
    if settings.sandbox:
        from flodesk_mcp.sandbox import Sandbox  # only a server that runs on it pays for it

        return open_http(Sandbox().transport())
    try:
        return open_http()
    except (InvalidURL, ValueError, OSError, ImportError) as error:  # raised for variables that httpx2 reads
        raise SettingsError(
            "The environment's proxy (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) or certificates (SSL_CERT_FILE, "
            f"SSL_CERT_DIR) cannot be used ({type(error).__name__}): correct or unset them."
        ) from None


def build_server(open_accounts: Callable[[], AbstractAsyncContextManager[Accounts]]) -> MCPServer[Accounts]:
    """Return a server with every tool, for the accounts that `open_accounts` opens for as long as it serves."""

    @asynccontextmanager
    async def lifespan(_: MCPServer[Accounts]) -> AsyncIterator[Accounts]:
        async with open_accounts() as opened:
            yield opened

    server = MCPServer(
        "flodesk-mcp",
        title="Flodesk",
        version=__version__,
        tools=[FlodeskTool.of(spec) for spec in CATALOG],
        lifespan=lifespan,
        cache_hints={
            "tools/list": FIXED,
            "prompts/list": FIXED,
            "resources/list": FIXED,
            "resources/templates/list": FIXED,
            "resources/read": CHANGING,
        },
        subscriptions=False,
        middleware=[remember_request, advertise_what_is_on],
    )
    add_surface(server)
    return server
