"""Everything that is stored, as one thing to open."""

from typing import Self

from pydantic import SecretStr

from flodesk_mcp.store.accounts import StoredAccounts
from flodesk_mcp.store.attempts import StoredAttempts
from flodesk_mcp.store.clients import StoredClients
from flodesk_mcp.store.database import Database
from flodesk_mcp.store.deliveries import StoredDeliveries
from flodesk_mcp.store.events import StoredEvents
from flodesk_mcp.store.grant_tokens import StoredGrantTokens
from flodesk_mcp.store.grants import StoredGrants
from flodesk_mcp.store.logins import StoredLogins
from flodesk_mcp.store.receivers import StoredReceivers
from flodesk_mcp.store.sealing import Sealer
from flodesk_mcp.store.serving_keys import ServingKeys
from flodesk_mcp.store.sign_ins import StoredSignIns
from flodesk_mcp.store.subjects import StoredSubjects
from flodesk_mcp.store.tokens import StoredTokens

__all__ = ["Store"]


class Store:
    """The stored accounts and tokens, what sign-in needs, and events.

    The database is brought up to date on entering, and closed on leaving.
    """

    def __init__(self, database_url: str | None, encryption_keys: SecretStr | None) -> None:
        """Take the address of the database (None means the file of this user) and the keys of what is encrypted.

        Raises StoreError for an address or a key that is none.
        """
        self._database = Database(database_url)
        sealer = Sealer(encryption_keys)
        self.accounts = StoredAccounts(self._database, sealer)
        self.subjects = StoredSubjects(self._database, sealer)
        self.serving_keys = ServingKeys(self._database, sealer)
        self.logins = StoredLogins(self._database, sealer)
        self.tokens = StoredTokens(self._database, sealer)
        self.grants = StoredGrants(self._database, sealer)
        self.grant_tokens = StoredGrantTokens(self._database)
        self.sign_ins = StoredSignIns(self._database)
        self.clients = StoredClients(self._database)
        self.attempts = StoredAttempts(self._database)
        self.receivers = StoredReceivers(self._database)
        self.events = StoredEvents(self._database)
        self.deliveries = StoredDeliveries(self._database)

    async def ping(self) -> None:
        """Reach the database, or raise."""
        await self._database.ping()

    async def __aenter__(self) -> Self:
        try:
            await self._database.migrate()
        except BaseException:
            await self._database.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._database.aclose()
