"""Webhook events: who may post them, what came, and what was passed on."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "webhook_receivers",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("account", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("webhook_id", sa.String(100)),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_index("ix_webhook_receivers_account", "webhook_receivers", ["account"])
    op.create_table(
        "event_sightings",
        sa.Column("account", sa.String(100), primary_key=True),
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.create_index("ix_event_sightings_at", "event_sightings", ["at"])
    op.create_table(
        "events",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(40), nullable=False, unique=True),
        sa.Column("account", sa.String(100), nullable=False),
        sa.Column("receiver", sa.String(16), nullable=False),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("occurred_at", sa.Float, nullable=False),
        sa.Column("received_at", sa.Float, nullable=False),
        sa.Column("subscriber_id", sa.String(100)),
        sa.Column("email", sa.Text),
        sa.Column("segment_id", sa.String(100)),
        sa.Column("segment_name", sa.Text),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Float, nullable=False),
        sa.Column("person", sa.Text),
    )
    op.create_index("ix_events_account_state", "events", ["account", "state", "number"])
    op.create_index("ix_events_state_due", "events", ["state", "due_at"])
    op.create_index("ix_events_received_at", "events", ["received_at"])
    op.create_table(
        "deliveries",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("event", NUMBER, sa.ForeignKey("events.number", ondelete="CASCADE"), nullable=False),
        sa.Column("account", sa.String(100), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Float, nullable=False),
        sa.Column("outcome", sa.String(200)),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("tried_at", sa.Float),
    )
    op.create_index("ix_deliveries_event", "deliveries", ["event"])
    op.create_index("ix_deliveries_account", "deliveries", ["account"])
    op.create_index("ix_deliveries_state_due", "deliveries", ["state", "due_at"])
