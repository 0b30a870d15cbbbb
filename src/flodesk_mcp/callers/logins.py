"""From stored accounts to what opens them. For each that somebody signed in to, a process has one login."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from weakref import WeakValueDictionary

from httpx2 import AsyncClient

from flodesk_mcp.callers.clients import credential_from
from flodesk_mcp.flodesk import Credential, NotRenewed
from flodesk_mcp.flodesk.login import OAuthLogin
from flodesk_mcp.flodesk.oauth import OAuthClient
from flodesk_mcp.settings import Settings
from flodesk_mcp.store import StoredAccount, StoredLogins, StoreError
from flodesk_mcp.token_pair import TokenPair

__all__ = ["StoredCredentials", "oauth_client"]

logger = logging.getLogger(__name__)


def oauth_client(settings: Settings, http: AsyncClient) -> OAuthClient | None:
    """Return our client at Flodesk's OAuth, if `settings` name one."""
    if settings.client_id is None or settings.client_secret is None:
        return None
    return OAuthClient(settings.client_id, settings.client_secret, http=http, base_url=settings.base_url)


class StoredCredentials:
    """Opens stored accounts. Those who use one at the same time share its login, and so its renewal."""

    def __init__(self, logins: StoredLogins, oauth: OAuthClient | None, sign_in_at: str) -> None:
        """Take where logins are stored, our client at Flodesk's OAuth, and where people sign in again."""
        self._stored = logins
        self._oauth = oauth
        self._sign_in_at = sign_in_at
        self._logins: WeakValueDictionary[str, OAuthLogin] = WeakValueDictionary()

    def credential(self, stored: StoredAccount) -> Credential:
        """Return what opens a stored account.

        Raises ValueError for what cannot be a credential.
        """
        kind, secret = stored.credential.kind, stored.credential.secret
        if kind != "oauth":
            return credential_from(kind, secret)
        login = self._logins.get(stored.id)
        if login is None:
            login = self._logins[stored.id] = OAuthLogin(
                stored.id,
                TokenPair.of(secret.get_secret_value()),
                _Kept(self._stored, stored.id),
                self._oauth.refresh if self._oauth else None,
                sign_in_at=self._sign_in_at,
                ended=stored.signed_out,
            )
        return login


class _Kept:
    """The tokens of one account in the database."""

    def __init__(self, logins: StoredLogins, account_id: str) -> None:
        self._logins = logins
        self._account_id = account_id

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        with _in_words():
            async with self._logins.alone(self._account_id):
                yield

    async def read(self) -> TokenPair | None:
        with _in_words():
            return await self._logins.read(self._account_id)

    async def replace(self, used: TokenPair, new: TokenPair) -> TokenPair:
        with _in_words():
            return await self._logins.replace(self._account_id, used, new)

    async def give_up(self, used: TokenPair) -> None:
        logger.warning("Flodesk ended the sign-in to account %s: somebody must sign in again", self._account_id)
        with _in_words():
            await self._logins.give_up(self._account_id, used)


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise NotRenewed(f"The access token could not be renewed: {error} Nothing was sent.") from error
