"""The mode `tokens`: access tokens of this server's own."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import anyio

from flodesk_mcp.callers.tool_filter import ToolFilter, ToolsetOff, UnknownTool
from flodesk_mcp.flodesk import Credential
from flodesk_mcp.store import StoredTokens, StoreError
from flodesk_mcp.tools import CATALOG
from flodesk_mcp.web.auth.access import Access
from flodesk_mcp.web.auth.errors import AuthError

__all__ = ["TokenVerifier"]

CHECKED_EVERY_SECONDS = 1
BELIEVED_SECONDS = 60
"""Then a token is looked up whole again, which notes its use."""
MAX_BELIEVED = 1000


@dataclass(frozen=True)
class _Found:
    id: str
    access: Access
    until: float


class TokenVerifier:
    """Lets in who shows a stored token. What was found is kept for a while, and checked once a second, all at once."""

    def __init__(
        self,
        tokens: StoredTokens,
        environment: Credential | None,
        environment_source: str,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        """Take the tokens, and the credential that is meant by those without an account."""
        self._tokens = tokens
        self._environment = environment
        self._environment_source = environment_source
        self._clock = clock
        self._found: OrderedDict[bytes, _Found] = OrderedDict()
        self._valid: set[str] = set()
        self._valid_until = float("-inf")
        self._checking = anyio.Lock()

    def knows(self, token: str) -> bool:
        """Tell whether `token` has the form of those that this server makes."""
        return self._tokens.knows(token)

    async def verify_token(self, token: str) -> Access | None:
        """Return what a stored token opens.

        Raises AuthError for a valid one that opens nothing on this server, StoreError when none can be looked up.
        """
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
            layer = ToolFilter.parse(f"your access token {found.name!r}", CATALOG, **vars(found.limits))
        except (UnknownTool, ToolsetOff) as error:  # another version made it
            raise StoreError(f"The limits of token {found.name!r} no longer fit: {error}") from error
        credential = found.credential if found.account else self._environment
        if credential is None:
            raise AuthError(403, "The token is for the account of this server's environment, which has none.")
        access = Access(
            who=f"token {found.name}",
            client_id=f"token {found.id}",
            credential=credential,
            credential_source=f"the stored account {found.account!r}" if found.account else self._environment_source,
            tool_filter=layer,
        )
        return _Found(found.id, access, self._clock() + BELIEVED_SECONDS)
