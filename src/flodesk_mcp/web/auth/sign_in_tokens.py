"""The mode `sign-in`: access tokens that clients got when a person connected them."""

from collections.abc import Callable

import anyio
from starlette.requests import HTTPConnection

from flodesk_mcp.callers.logins import StoredCredentials
from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.store import FoundGrant, StoredGrants
from flodesk_mcp.tools import CATALOG, TOOLSETS
from flodesk_mcp.web.auth.believed import BelievedTokens
from flodesk_mcp.web.auth.principal import OpenedAccount, Principal
from flodesk_mcp.web.auth.scopes import WRITE_SCOPE

__all__ = ["SignInTokens"]

SOURCE = "what you allowed when you connected this client"


class SignInTokens:
    """Lets in the clients that people connected, within what each of them allowed."""

    def __init__(
        self,
        grants: StoredGrants,
        credentials: StoredCredentials,
        issuer: str,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        """Take the grants, what opens their accounts, and the address of this server, which made the tokens."""
        self._credentials = credentials
        self._issuer = issuer
        # They expire every hour, and the clients of many people share an address: that is no guessing.
        self._believed = BelievedTokens(grants, self._opened_by, clock, guessed=False)

    async def principal(self, connection: HTTPConnection) -> Principal | None:
        """Return what the token of a request opens, None when it is not one of a grant.

        Raises AuthError for one that opens nothing, StoreError when none can be looked up.
        """
        return await self._believed.principal(connection)

    def _opened_by(self, found: FoundGrant) -> Principal:
        known = {toolset.id for toolset in TOOLSETS}
        allowed = [name for name in found.toolsets.split(",") if name in known]  # another version may have had more
        reads_only = WRITE_SCOPE not in found.scopes
        return Principal(
            # The client's own name may say anything; the same person's next token is of the same principal.
            name=f"client {found.grant_id} of account {found.account.name}",
            account=OpenedAccount.of(found.account, self._credentials),
            client_id=f"grant {found.grant_id}",
            issuer=self._issuer,
            subject=found.account.id,
            scopes=tuple(sorted(found.scopes)),
            tool_filter=ToolFilter.parse(SOURCE, CATALOG, toolsets=",".join(allowed), read_only=reads_only),
            personal_data=found.personal_data,
        )
