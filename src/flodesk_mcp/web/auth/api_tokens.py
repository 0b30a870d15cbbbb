"""The mode `tokens`: access tokens of this server's own."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import anyio
from starlette.requests import HTTPConnection

from flodesk_mcp.callers.tool_filter import ToolFilter, ToolsetOff, UnknownTool
from flodesk_mcp.store import StoredTokens, StoreError
from flodesk_mcp.tools import CATALOG
from flodesk_mcp.web.auth.access import Access, OpenedAccount
from flodesk_mcp.web.auth.bearer import bearer_token
from flodesk_mcp.web.auth.errors import AuthError, wrong_token

__all__ = ["ApiTokens"]

CHECKED_EVERY_SECONDS = 1
BELIEVED_SECONDS = 60
"""Then a token is looked up whole again, which notes its use."""
MAX_BELIEVED = 1000


@dataclass(frozen=True)
class _Found:
    id: str
    access: Access
    until: float


class ApiTokens:
    """Lets in who shows a stored token. What was found is kept for a while, and checked once a second, all at once."""

    def __init__(
        self,
        tokens: StoredTokens,
        environment: OpenedAccount | None,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        """Take the tokens, and what those without an account open."""
        self._tokens = tokens
        self._environment = environment
        self._clock = clock
        self._found: OrderedDict[bytes, _Found] = OrderedDict()
        self._valid: set[str] = set()
        self._valid_until = float("-inf")
        self._checking = anyio.Lock()

    async def access(self, connection: HTTPConnection) -> Access | None:
        """Return what the token of a request opens, None when it is not one that this server made.

        Raises AuthError for one that opens nothing, StoreError when none can be looked up.
        """
        token = bearer_token(connection)
        if token is None or not self._tokens.knows(token):
            return None
        if access := await self._opened(token):
            return access
        raise wrong_token()

    async def _opened(self, token: str) -> Access | None:
        digest = hashlib.sha256(token.encode()).digest()
        if digest in self._found:
            await self._check()
            found = self._found.get(digest)
            if found and found.id in self._valid and self._clock() < found.until:
                return found.access
            self._found.pop(digest, None)
        looked_up = await self._look_up(token)
        if looked_up is None:
            return None
        self._valid.add(looked_up.id)
        self._found[digest] = looked_up
        if len(self._found) > MAX_BELIEVED:
            self._found.popitem(last=False)
        return looked_up.access

    async def _check(self) -> None:
        """Ask which tokens are valid, unless that was asked within the last second."""
        if self._clock() < self._valid_until:
            return
        async with self._checking:
            if self._clock() >= self._valid_until:
                self._valid = await self._tokens.valid()
                self._valid_until = self._clock() + CHECKED_EVERY_SECONDS

    async def _look_up(self, token: str) -> _Found | None:
        found = await self._tokens.find(token)
        if found is None:
            return None
        try:
            layer = ToolFilter.parse(f"your access token {found.name!r}", CATALOG, **found.limits.of_tools())
        except (UnknownTool, ToolsetOff) as error:  # another version made it
            raise StoreError(f"The limits of token {found.name!r} no longer fit: {error}") from error
        account = OpenedAccount.of(found.account) if found.account else self._environment
        if account is None:
            raise AuthError(403, "The token is for the account of this server's environment, which has none.")
        access = Access(
            name=f"token {found.name}",
            client_id=f"token {found.id}",
            account=account,
            tool_filter=layer,
            personal_data=found.limits.personal_data,
        )
        return _Found(found.id, access, self._clock() + BELIEVED_SECONDS)
