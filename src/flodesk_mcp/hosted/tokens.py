"""The mode `tokens`: access tokens of this server's own."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable

import anyio

from flodesk_mcp.flodesk import Credential
from flodesk_mcp.hosted.access import Access
from flodesk_mcp.hosted.refusals import Refusal
from flodesk_mcp.state import StateError, StoredTokens
from flodesk_mcp.tools import CATALOG, Limits, ToolsetOff, UnknownName

__all__ = ["TokenVerifier"]

BELIEVED_SECONDS = 1
MAX_BELIEVED = 1000


class TokenVerifier:
    """Lets in who shows a stored token. What was found is believed for a second: clients come in bursts."""

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
        self._found: OrderedDict[bytes, tuple[float, Access]] = OrderedDict()

    def knows(self, token: str) -> bool:
        """Tell whether `token` has the form of those that this server makes."""
        return self._tokens.knows(token)

    async def verify_token(self, token: str) -> Access | None:
        """Return what a stored token opens.

        Raises Refusal for a valid one that opens nothing on this server, StateError when none can be looked up.
        """
        digest = hashlib.sha256(token.encode()).digest()
        until, access = self._found.get(digest, (float("-inf"), None))
        if access is not None and self._clock() < until:
            return access
        self._found.pop(digest, None)
        access = await self._look_up(token)
        if access is not None:
            self._found[digest] = (self._clock() + BELIEVED_SECONDS, access)
            if len(self._found) > MAX_BELIEVED:
                self._found.popitem(last=False)
        return access

    async def _look_up(self, token: str) -> Access | None:
        found = await self._tokens.find(token)
        if found is None:
            return None
        try:
            layer = Limits.parse(f"your access token {found.name!r}", CATALOG, **vars(found.limits))
        except (UnknownName, ToolsetOff) as error:  # another version made it
            raise StateError(f"The limits of token {found.name!r} no longer fit: {error}") from error
        credential = found.credential if found.account else self._environment
        if credential is None:
            raise Refusal(403, "The token is for the account of this server's environment, which has none.")
        return Access(
            who=f"token {found.name}",
            client_id=f"token {found.id}",
            credential=credential,
            credential_source=f"the stored account {found.account!r}" if found.account else self._environment_source,
            limits=(layer,),
        )
