"""The tables of webhook events: who may post, what came, and what was passed on. Times are seconds since 1970."""

from sqlalchemy import BigInteger, Delete, Float, ForeignKey, Index, Integer, String, Text, delete
from sqlalchemy.orm import Mapped, mapped_column

from flodesk_mcp.store.models import Base

__all__ = ["DeliveryRow", "EventRow", "ReceiverRow", "SightingRow", "without_events"]

Number = BigInteger().with_variant(Integer, "sqlite")  # which counts no other type up by itself


class ReceiverRow(Base):
    """An address of this server that a webhook posts to: the hash of its secret, and the webhook once it is known."""

    __tablename__ = "webhook_receivers"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    account: Mapped[str] = mapped_column(String(100), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    webhook_id: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[float] = mapped_column(Float)


class SightingRow(Base):
    """What was received within the last minutes, as a hash: the same once more is a repeat."""

    __tablename__ = "event_sightings"

    account: Mapped[str] = mapped_column(String(100), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[float] = mapped_column(Float, index=True)


class EventRow(Base):
    """An event: what somebody who knew the secret said, and what Flodesk says of the person since (`person`, JSON).

    Until `due_at` nobody looks after it: whoever verifies it just now has that long, or it is tried again then.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_account_state", "account", "state", "number"),
        Index("ix_events_state_due", "state", "due_at"),
    )

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    account: Mapped[str] = mapped_column(String(100))
    receiver: Mapped[str] = mapped_column(String(16))
    type: Mapped[str] = mapped_column(String(100))
    occurred_at: Mapped[float] = mapped_column(Float)
    received_at: Mapped[float] = mapped_column(Float, index=True)
    subscriber_id: Mapped[str | None] = mapped_column(String(100))
    email: Mapped[str | None] = mapped_column(Text)
    segment_id: Mapped[str | None] = mapped_column(String(100))
    segment_name: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(12))
    tries: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[float] = mapped_column(Float)
    person: Mapped[str | None] = mapped_column(Text)


class DeliveryRow(Base):
    """An event on its way to where the operator wants it: how often it was tried, with which outcome, and when next."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_state_due", "state", "due_at"),)

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    event: Mapped[int] = mapped_column(ForeignKey("events.number", ondelete="CASCADE"), index=True)
    account: Mapped[str] = mapped_column(String(100), index=True)
    state: Mapped[str] = mapped_column(String(12))
    tries: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[float] = mapped_column(Float)
    outcome: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[float] = mapped_column(Float)
    tried_at: Mapped[float | None] = mapped_column(Float)


def without_events(account: str) -> tuple[Delete, ...]:
    """Return what deletes all events of an account. The receivers first: who is storing an event holds one of them."""
    return tuple(delete(row).where(row.account == account) for row in (ReceiverRow, DeliveryRow, EventRow, SightingRow))
