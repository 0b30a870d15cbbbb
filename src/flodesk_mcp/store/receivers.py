"""The addresses of this server that Flodesk's webhooks post to, each with a secret of its own."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update

from flodesk_mcp.store.database import Database
from flodesk_mcp.store.event_models import EventRow, ReceiverRow
from flodesk_mcp.store.random_secrets import digest_of, is_secret_of, new_secret

__all__ = ["NewReceiver", "ReceiverInfo", "StoredReceivers"]

PREFIX = "fmcp_hook_"
"""Its secrets begin with that, so that they are recognised wherever they could be shown."""


@dataclass(frozen=True)
class NewReceiver:
    """A receiver, and its secret, which is told this once."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"NewReceiver({self.id!r})"


@dataclass(frozen=True)
class ReceiverInfo:
    """What may be shown of a receiver. `last_event_at` is when something came that was no repeat."""

    id: str
    account: str
    webhook_id: str | None
    created_at: float
    last_event_at: float | None


class StoredReceivers:
    """Receivers in the database, of whose secrets only hashes are stored."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    @staticmethod
    def knows(secret: str) -> bool:
        """Tell whether something looks like the secret of a receiver."""
        return is_secret_of(PREFIX, secret)

    async def add(self, account: str) -> NewReceiver:
        """Make a receiver for an account. Raises StoreError."""
        made = NewReceiver(secrets.token_hex(8), new_secret(PREFIX))
        row = ReceiverRow(id=made.id, account=account, digest=digest_of(made.secret), created_at=self._now())
        async with self._database.writing() as session:
            session.add(row)
        return made

    async def bind(self, id: str, webhook_id: str) -> None:
        """Remember which webhook posts to a receiver, and end those that it posted to before. Raises StoreError."""
        async with self._database.writing() as session:
            bound = update(ReceiverRow).where(ReceiverRow.id == id).values(webhook_id=webhook_id)
            account = (await session.execute(bound.returning(ReceiverRow.account))).scalar_one_or_none()
            former = delete(ReceiverRow).where(ReceiverRow.webhook_id == webhook_id, ReceiverRow.account == account)
            await session.execute(former.where(ReceiverRow.id != id))

    async def remove(self, id: str) -> None:
        """End a receiver. Raises StoreError."""
        async with self._database.writing() as session:
            await session.execute(delete(ReceiverRow).where(ReceiverRow.id == id))

    async def end(self, account: str, webhook_id: str) -> int:
        """End what a webhook of an account posted to, and return how many that were. Raises StoreError."""
        ended = delete(ReceiverRow).where(ReceiverRow.account == account, ReceiverRow.webhook_id == webhook_id)
        async with self._database.writing() as session:
            return len((await session.execute(ended.returning(ReceiverRow.id))).all())

    async def list(self, account: str | None = None) -> list[ReceiverInfo]:
        """Return the receivers of one account or of all, the oldest first. Raises StoreError."""
        last = select(func.max(EventRow.received_at)).where(
            EventRow.account == ReceiverRow.account, EventRow.receiver == ReceiverRow.id
        )
        query = select(ReceiverRow, last.scalar_subquery()).order_by(ReceiverRow.created_at, ReceiverRow.id)
        if account is not None:
            query = query.where(ReceiverRow.account == account)
        async with self._database.reading() as session:
            rows = (await session.execute(query)).all()
        return [ReceiverInfo(row.id, row.account, row.webhook_id, row.created_at, at) for row, at in rows]
