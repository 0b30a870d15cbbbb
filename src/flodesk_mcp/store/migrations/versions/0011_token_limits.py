"""How often a token may be used, and the secret that a rotated one had before, for as long as both are good."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("tokens", sa.Column("requests_per_minute", sa.Integer, nullable=True))
    op.add_column("tokens", sa.Column("calls_at_once", sa.Integer, nullable=True))
    op.add_column("tokens", sa.Column("former_digest", sa.String(64), nullable=True))
    op.add_column("tokens", sa.Column("former_until", sa.BigInteger, nullable=True))
