"""The mode `tokens`: access tokens of this server's own."""

import logging

from flodesk_mcp.flodesk import Credential
from flodesk_mcp.hosted.access import Access
from flodesk_mcp.hosted.refusals import Refusal
from flodesk_mcp.state import StateError, StoredTokens
from flodesk_mcp.tools import CATALOG, Limits, ToolsetOff, UnknownName

__all__ = ["TokenVerifier"]

logger = logging.getLogger(__name__)


class TokenVerifier:
    """Lets in who shows a stored token."""

    def __init__(self, tokens: StoredTokens, environment: Credential | None, environment_source: str) -> None:
        """Take the tokens, and the credential that is meant by those without an account."""
        self._tokens = tokens
        self._environment = environment
        self._environment_source = environment_source

    def knows(self, token: str) -> bool:
        """Tell whether `token` has the form of those that this server makes."""
        return self._tokens.knows(token)

    async def verify_token(self, token: str) -> Access | None:
        """Return what a stored token opens.

        Raises Refusal for a valid one that opens nothing on this server.
        """
        try:
            found = await self._tokens.find(token)
            if found is None:
                return None
            layer = Limits.parse(f"your access token {found.name!r}", CATALOG, **vars(found.limits))
        except (StateError, UnknownName, ToolsetOff) as error:
            logger.error("An access token cannot be used: %s", error)  # noqa: TRY400 - the words say it all
            raise Refusal(503, "This server cannot use this access token now: see its log.") from error
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
