"""Whether a token sees personal data. Those that there are go on as before: they do."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column."""
    op.add_column("tokens", sa.Column("personal_data", sa.String(10), nullable=False, server_default="shown"))
