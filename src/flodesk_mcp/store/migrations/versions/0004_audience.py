"""The mirrors and jobs of hosted accounts, on PostgreSQL. Beside SQLite each account has files of its own."""

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
    op.create_table(
        "jobs",
        sa.Column("account", sa.String(100), primary_key=True),
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("cursor", sa.JSON, nullable=False),
        sa.Column("rows", sa.Integer),
        sa.Column("written", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("skipped", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("began_at", sa.Float),
        sa.Column("ended_at", sa.Float),
        sa.Column("ends_about", sa.Float),
        sa.Column("progress", sa.Float, nullable=False),
        sa.Column("doing", sa.Text),
        sa.Column("problem", sa.Text),
        sa.Column("result", sa.JSON),
        sa.Column("stopping", sa.Boolean, nullable=False),
        sa.Column("owner", sa.String(200)),
        sa.Column("lease_until", sa.Float, nullable=False),
    )
    op.create_table(
        "job_rows",
        sa.Column("account", sa.String(100), primary_key=True),
        sa.Column("job", sa.String(32), primary_key=True),
        sa.Column("row", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("email", sa.Text),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text),
    )
    op.create_table(
        "job_parts",
        sa.Column("account", sa.String(100), primary_key=True),
        sa.Column("job", sa.String(32), primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("content", sa.Text, nullable=False),
    )
