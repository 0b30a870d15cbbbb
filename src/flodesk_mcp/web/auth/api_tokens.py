"""The mode `tokens`: access tokens of this server's own."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import anyio
from starlette.requests import HTTPConnection

from flodesk_mcp.callers.logins import StoredCredentials
from flodesk_mcp.callers.tool_filter import ToolFilter, ToolsetOff, UnknownTool
from flodesk_mcp.freshness import Fresh, FreshMap
from flodesk_mcp.store import FoundToken, StoredTokens, StoreError
from flodesk_mcp.tools import CATALOG
from flodesk_mcp.web.auth.bearer import bearer_token
from flodesk_mcp.web.auth.errors import AuthError, wrong_token
from flodesk_mcp.web.auth.principal import OpenedAccount, Principal

__all__ = ["ApiTokens"]

CHECKED_EVERY_SECONDS = 1
BELIEVED_SECONDS = 60
"""Then a token is looked up whole again, which notes its use."""
MAX_BELIEVED = 1000
LOOKED_UP_WITHIN_SECONDS = 4


@dataclass(frozen=True)
class _Believed:
    id: str
    credential_mark: str | None
    principal: Principal


class ApiTokens:
    """Lets in who shows a stored token. What was found is kept for a while, and checked once a second, all at once."""

    def __init__(
        self,
        tokens: StoredTokens,
        environment: OpenedAccount | None,
        credentials: StoredCredentials,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        """Take the tokens, what those without an account open, and what opens the accounts of the others."""
        self._tokens = tokens
        self._credentials = credentials
        self._environment = environment
        self._believed = FreshMap[bytes, _Believed](BELIEVED_SECONDS, MAX_BELIEVED, clock)
        self._valid = Fresh(self._check, CHECKED_EVERY_SECONDS, clock)

    async def principal(self, connection: HTTPConnection) -> Principal | None:
        """Return what the token of a request opens, None when it is not one that this server made.

        Raises AuthError for one that opens nothing, StoreError when none can be looked up.
        """
        token = bearer_token(connection)
        if token is None or not self._tokens.knows(token):
            return None
        try:
            with anyio.fail_after(LOOKED_UP_WITHIN_SECONDS):
                return await self._opened(token)
        except TimeoutError as error:
            raise StoreError("The database does not answer.") from error

    async def _opened(self, token: str) -> Principal:
        digest = hashlib.sha256(token.encode()).digest()
        believed = self._believed.get(digest)
        if believed and await self._still_holds(believed):
            return believed.principal
        self._believed.forget(digest)
        found = await self._tokens.find(token)
        if found is None:
            raise wrong_token()
        principal = self._opened_by(found)
        self._believed.set(digest, _Believed(found.id, found.credential_mark, principal))
        if (valid := self._valid.value) is not None:
            valid[found.id] = found.credential_mark
        return principal

    async def _check(self) -> dict[str, str | None]:
        return await self._tokens.valid([believed.id for believed in self._believed.values()])

    async def _still_holds(self, believed: _Believed) -> bool:
        valid = await self._valid.get()
        return believed.id in valid and valid[believed.id] == believed.credential_mark

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
            client_id=f"token {found.id}",
            tool_filter=tool_filter,
            personal_data=found.limits.personal_data,
        )
