"""The mode `tokens`: access tokens of this server's own."""

from collections.abc import Callable

import anyio
from starlette.requests import HTTPConnection

from flodesk_mcp.callers.logins import StoredCredentials
from flodesk_mcp.callers.tool_filter import ToolFilter, ToolsetOff, UnknownTool
from flodesk_mcp.store import FoundToken, StoredTokens, StoreError
from flodesk_mcp.tools import CATALOG
from flodesk_mcp.web.auth.believed import BelievedTokens
from flodesk_mcp.web.auth.errors import AuthError
from flodesk_mcp.web.auth.principal import OpenedAccount, Principal

__all__ = ["ApiTokens"]


class ApiTokens:
    """Lets in who shows a stored token."""

    def __init__(
        self,
        tokens: StoredTokens,
        environment: OpenedAccount | None,
        credentials: StoredCredentials,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        """Take the tokens, what those without an account open, and what opens the accounts of the others."""
        self._credentials = credentials
        self._environment = environment
        self._believed = BelievedTokens(tokens, self._opened_by, clock)

    async def principal(self, connection: HTTPConnection) -> Principal | None:
        """Return what the token of a request opens, None when it is not one that this server made.

        Raises AuthError for one that opens nothing, StoreError when none can be looked up.
        """
        return await self._believed.principal(connection)

    def _opened_by(self, found: FoundToken) -> Principal:
        try:
            tool_filter = ToolFilter.parse(f"your access token {found.name!r}", CATALOG, **found.limits.of_tools())
        except (UnknownTool, ToolsetOff) as error:  # another version made it
            raise StoreError(f"The limits of token {found.name!r} no longer fit: {error}") from error
        account = OpenedAccount.of(found.account, self._credentials) if found.account else self._environment
        if account is None:
            raise AuthError(403, "The token is for the account of this server's environment, which has none.")
        return Principal(
            f"token {found.name}",
            account,
            client_id=f"token {found.token_id}",
            tool_filter=tool_filter,
            personal_data=found.limits.personal_data,
            requests_per_minute=found.limits.requests_per_minute,
            calls_at_once=found.limits.calls_at_once,
        )
