"""Which keys the server was last started with."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table."""
    op.create_table("serving_keys", sa.Column("fingerprint", sa.String(32), primary_key=True))
