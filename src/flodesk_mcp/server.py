"""From the catalog and an account to an MCP server."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from mcp.server.caching import CacheHint
from mcp.server.mcpserver import MCPServer

from flodesk_mcp import HOMEPAGE, __version__
from flodesk_mcp.surface import ICON, add_surface, advertise_what_is_on, refuse_the_unknown, remember_request
from flodesk_mcp.tools import CATALOG, Accounts, FlodeskTool

__all__ = ["build_server"]

FIXED = CacheHint(ttl_ms=3_600_000, scope="private")
CHANGING = CacheHint(ttl_ms=60_000, scope="private")


def build_server(open_accounts: Callable[[], AbstractAsyncContextManager[Accounts]]) -> MCPServer[Accounts]:
    """Return a server with every tool, for the accounts that `open_accounts` opens for as long as it serves."""

    @asynccontextmanager
    async def lifespan(_: MCPServer[Accounts]) -> AsyncIterator[Accounts]:
        async with open_accounts() as opened:
            yield opened

    server = MCPServer(
        "flodesk-mcp",
        title="Flodesk",
        website_url=HOMEPAGE,
        icons=[ICON],
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
        log_level="WARNING",
        subscriptions=False,
        middleware=[remember_request, refuse_the_unknown, advertise_what_is_on],
    )
    add_surface(server)
    return server
