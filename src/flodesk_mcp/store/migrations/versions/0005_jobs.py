"""The jobs of hosted accounts, on PostgreSQL. Beside SQLite each account has a file of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the tables."""
    if op.get_bind().dialect.name != "postgresql":
        return
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
