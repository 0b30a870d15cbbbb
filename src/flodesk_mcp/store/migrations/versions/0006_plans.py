"""The plans of hosted accounts, on PostgreSQL: what shall be done with many people, row by row."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the tables."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.create_table(
        "plans",
        sa.Column("account", sa.String(100), primary_key=True),
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("numbers", sa.JSON, nullable=False),
        sa.Column("digest", sa.String(64)),
        sa.Column("job", sa.String(32)),
        sa.Column("button", sa.String(64)),
    )
    op.create_table(
        "plan_rows",
        sa.Column("account", sa.String(100), primary_key=True),
        sa.Column("plan", sa.String(40), primary_key=True),
        sa.Column("row", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("person", sa.Text),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("content", sa.Text),
    )
    op.create_index("plan_rows_by_person", "plan_rows", ["account", "plan", "person"])
