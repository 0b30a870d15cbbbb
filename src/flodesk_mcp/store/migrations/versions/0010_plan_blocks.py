"""The rows of plans by the block, on PostgreSQL, and to which call a plan is the answer."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Put one table in the place of another: what was planned before has to be planned anew."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.add_column("plans", sa.Column("asked", sa.String(64)))
    op.drop_table("plan_rows")
    op.execute("DELETE FROM plans")
    op.create_table(
        "plan_blocks",
        sa.Column("account", sa.String(100), primary_key=True),
        sa.Column("plan", sa.String(40), primary_key=True),
        sa.Column("last", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("rows", sa.Text, nullable=False),
    )
