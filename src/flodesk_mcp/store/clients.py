"""The programs that ask people to sign in, as they described themselves."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, select, update

from flodesk_mcp.store.database import Database
from flodesk_mcp.store.models import ClientRow
from flodesk_mcp.store.random_secrets import digest_of

__all__ = ["StoredClient", "StoredClients"]

DAY = 86_400
UNUSED_SECONDS = DAY
USED_SECONDS = 180 * DAY
"""Longer than a refresh token lives unused."""


@dataclass(frozen=True)
class StoredClient:
    """A client. Only a description that was read from a document can be out of date."""

    id: str
    description: str
    secret_digest: str | None
    fresh: bool


class StoredClients:
    """Clients in the database. One that nobody connects is forgotten after a day."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    async def register(self, client_id: str, description: str, secret: str | None) -> None:
        """Store a client that registered, with the hash of its secret, if it has one."""
        await self._keep(client_id, description, digest_of(secret) if secret else None, None)

    async def keep_document(self, client_id: str, description: str, seconds: float) -> None:
        """Store what was read at the address `client_id`, and counts for so many seconds."""
        await self._keep(client_id, description, None, int(self._now() + seconds))

    async def get(self, client_id: str) -> StoredClient | None:
        """Return a client that is not forgotten."""
        query = select(ClientRow).where(ClientRow.id == client_id, ClientRow.expires_at > int(self._now()))
        async with self._database.reading() as session:
            row = (await session.execute(query)).scalar_one_or_none()
        if row is None:
            return None
        fresh = row.fresh_until is None or row.fresh_until > self._now()
        return StoredClient(row.id, row.description, row.secret_digest, fresh)

    async def note_use(self, client_id: str) -> None:
        """Keep a client that a person connected for as long as its tokens can live."""
        query = update(ClientRow).where(ClientRow.id == client_id).values(expires_at=int(self._now()) + USED_SECONDS)
        async with self._database.writing() as session:
            await session.execute(query)

    async def sweep(self) -> None:
        """Forget those whose time is over."""
        async with self._database.writing() as session:
            await session.execute(delete(ClientRow).where(ClientRow.expires_at <= int(self._now())))

    async def _keep(self, client_id: str, description: str, secret_digest: str | None, fresh_until: int | None) -> None:
        now = int(self._now())
        async with self._database.writing() as session:
            known = await session.get(ClientRow, client_id, with_for_update=True)
            if known is not None:
                known.description, known.fresh_until = description, fresh_until
                known.expires_at = max(known.expires_at, now + UNUSED_SECONDS)
                return
            session.add(
                ClientRow(
                    id=client_id,
                    description=description,
                    secret_digest=secret_digest,
                    fresh_until=fresh_until,
                    created_at=now,
                    expires_at=now + UNUSED_SECONDS,
                )
            )
