"""By what an account is found again when somebody signs in, and whether that sign-in has ended."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("accounts", sa.Column("identity", sa.String(100), nullable=True))
    op.add_column("accounts", sa.Column("signed_out_at", sa.BigInteger, nullable=True))
    op.create_index("ix_accounts_identity", "accounts", ["identity"], unique=True)
