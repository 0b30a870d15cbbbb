"""The mirrors of hosted accounts, on PostgreSQL. Beside SQLite each account has a file of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

PARTITIONS = 16


def upgrade() -> None:
    """Create the tables; the people of each account are in one of the partitions."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.create_table(
        "people",
        sa.Column("account", sa.String(100), primary_key=True),
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("email", sa.Text),
        sa.Column("first_name", sa.Text),
        sa.Column("last_name", sa.Text),
        sa.Column("status", sa.Text),
        sa.Column("source", sa.Text),
        sa.Column("created_at", sa.Text),
        sa.Column("optin_ip", sa.Text),
        sa.Column("optin_timestamp", sa.Text),
        sa.Column("segments", sa.JSON, nullable=False),
        sa.Column("custom_fields", sa.JSON, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("email_folded", sa.Text, nullable=False),
        sa.Column("first_name_folded", sa.Text, nullable=False),
        sa.Column("last_name_folded", sa.Text, nullable=False),
        sa.Column("custom_folded", sa.JSON, nullable=False),
        sa.Column("reading", sa.Integer),
        sa.Column("first_seen_at", sa.Float, nullable=False),
        sa.Column("was_active", sa.Boolean, nullable=False),
        postgresql_partition_by="HASH (account)",
    )
    for number in range(PARTITIONS):
        op.execute(
            f"CREATE TABLE people_{number} PARTITION OF people "
            f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
        )
    op.create_index("people_in_order", "people", ["account", "created_us", "id"])
    op.create_index("people_by_email", "people", ["account", "email_folded"])
    op.create_index("people_by_status", "people", ["account", "status"])
    op.create_table(
        "mirrored_segments",
        sa.Column("account", sa.String(100), primary_key=True),
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("name", sa.Text),
    )
    op.create_table(
        "readings",
        sa.Column("account", sa.String(100), primary_key=True),
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("began_at", sa.Float, nullable=False),
        sa.Column("finished_at", sa.Float),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("by_status", sa.JSON),
        sa.Column("segment_sizes", sa.JSON),
        sa.Column("joined", sa.Integer),
        sa.Column("left", sa.Integer, quote=True),
    )
    op.create_table(
        "mirrors",
        sa.Column("account", sa.String(100), primary_key=True),
        sa.Column("checked_at", sa.Float),
        sa.Column("whole_at", sa.Float),
        sa.Column("used_at", sa.Float, nullable=False),
        sa.Column("removed", sa.Integer, nullable=False),
    )
