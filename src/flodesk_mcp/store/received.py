"""Webhook events as they come in: many at once in one transaction, each stored once."""

import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from flodesk_mcp.store.database import Database
from flodesk_mcp.store.event_models import EventRow, ReceiverRow, SightingRow
from flodesk_mcp.store.random_secrets import digest_of

__all__ = ["Announced", "Post", "ReceivedEvents", "Taken"]

REPEATS_SECONDS = 600
"""Flodesk gives events no ids: the same content within this time is the same event."""


@dataclass(frozen=True)
class Announced:
    """An event as somebody told it. `digest` is the hash of what was told."""

    digest: str
    type: str
    occurred_at: float | None
    subscriber_id: str | None
    email: str | None
    segment_id: str | None
    segment_name: str | None
    webhook_id: str | None


@dataclass(frozen=True)
class Post:
    """What was posted: to which address, and the event, None where it cannot be read."""

    account: str
    secret: str
    event: Announced | None


class Taken(Enum):
    """What became of a post."""

    STORED = auto()
    REPEATED = auto()
    UNREADABLE = auto()
    UNKNOWN = auto()
    """There is no such account, or its secret is another."""


class ReceivedEvents:
    """Puts events into the database."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    async def take(self, posts: Sequence[Post]) -> list[Taken]:
        """Store the events of `posts`, and return what became of each, in their order.

        Whether an account is unknown, or its secret wrong, takes the same time as a right one. Raises StoreError.
        """
        now = self._now()
        digests = [digest_of(post.secret) for post in posts]
        query = select(ReceiverRow).where(ReceiverRow.digest.in_(digests))
        async with self._database.completing() as session:
            # Held until the events are stored, so that whoever erases an account waits, and then finds them, too.
            rows = (await session.execute(query.with_for_update(read=True, key_share=True))).scalars()
            known = {row.digest: row for row in rows}
            taken: list[Taken] = []
            new: dict[tuple[str, str], dict[str, Any]] = {}
            for post, digest in zip(posts, digests, strict=True):
                receiver = known.get(digest)
                taken.append(_taken(post, receiver, new))
                if taken[-1] is Taken.STORED and receiver and post.event:
                    new[receiver.account, post.event.digest] = _row(receiver, post.event, now)
            connection = await session.connection()
            unseen = await _unseen(connection, sorted(new), now) if new else set()
            if unseen:
                await connection.execute(insert(EventRow), [row for key, row in new.items() if key in unseen])
            for receiver in known.values():
                await _note_webhook(connection, receiver, posts)
        return [
            Taken.REPEATED
            if was is Taken.STORED and post.event and (known[digest].account, post.event.digest) not in unseen
            else was
            for post, digest, was in zip(posts, digests, taken, strict=True)
        ]

    async def sweep(self, kept_seconds: float) -> None:
        """Forget events that came longer ago than that, and what could be repeated no more. Raises StoreError."""
        now = self._now()
        async with self._database.completing() as session:
            await session.execute(delete(EventRow).where(EventRow.received_at < now - kept_seconds))
            await session.execute(delete(SightingRow).where(SightingRow.at < now - REPEATS_SECONDS))


def _taken(post: Post, receiver: ReceiverRow | None, new: dict[tuple[str, str], dict[str, Any]]) -> Taken:
    account = receiver.account if receiver else "no account has such a name"
    is_right = hmac.compare_digest(account.encode(), post.account.encode())
    if not (receiver and is_right):
        return Taken.UNKNOWN
    if post.event is None:
        return Taken.UNREADABLE
    return Taken.REPEATED if (account, post.event.digest) in new else Taken.STORED


def _row(receiver: ReceiverRow, event: Announced, now: float) -> dict[str, Any]:
    return {
        "id": f"evt_{secrets.token_hex(12)}",
        "account": receiver.account,
        "receiver": receiver.id,
        "type": event.type,
        "occurred_at": now if event.occurred_at is None else min(event.occurred_at, now),
        "received_at": now,
        "subscriber_id": event.subscriber_id,
        "email": event.email,
        "segment_id": event.segment_id,
        "segment_name": event.segment_name,
        "state": "waiting",
        "tries": 0,
        "due_at": now,
        "person": None,
    }


async def _unseen(connection: AsyncConnection, keys: Sequence[tuple[str, str]], now: float) -> set[tuple[str, str]]:
    """Return which of (account, digest) were not seen lately. Of several processes, one alone is told so of each."""
    table = SightingRow.__table__
    assert isinstance(table, Table)  # noqa: S101 - the annotation of `__table__` is wider
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(table)
    seen = statement.on_conflict_do_update(
        index_elements=[table.c.account, table.c.digest],
        set_={"at": statement.excluded.at},
        where=table.c.at <= statement.excluded.at - REPEATS_SECONDS,
    ).returning(table.c.account, table.c.digest)
    rows = await connection.execute(seen, [{"account": of, "digest": digest, "at": now} for of, digest in keys])
    return {(row.account, row.digest) for row in rows}


async def _note_webhook(connection: AsyncConnection, receiver: ReceiverRow, posts: Sequence[Post]) -> None:
    """Learn from an event which webhook posts, where Flodesk's answer to its creation was lost."""
    if receiver.webhook_id is not None:
        return
    told = (post.event.webhook_id for post in posts if post.event and digest_of(post.secret) == receiver.digest)
    if webhook_id := next(filter(None, told), None):
        await connection.execute(update(ReceiverRow).where(ReceiverRow.id == receiver.id).values(webhook_id=webhook_id))
