"""The tables. Times are seconds since 1970: SQLite would forget the zone of anything else."""

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = ["AccountRow", "Base", "ServingKeyRow", "SubjectRow", "TokenRow"]


class Base(DeclarativeBase):
    """All tables."""


class AccountRow(Base):
    """A Flodesk account, with its credential encrypted.

    `identity` is by what it is found again when somebody signs in; `signed_out_at`, since when that must happen.
    """

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    sealed_credential: Mapped[str] = mapped_column(Text)
    identity: Mapped[str | None] = mapped_column(String(100), index=True, unique=True)
    signed_out_at: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[int] = mapped_column(BigInteger)


class SubjectRow(Base):
    """A person at an identity provider, and the account that is open to them."""

    __tablename__ = "subjects"

    issuer: Mapped[str] = mapped_column(String(500), primary_key=True)
    subject: Mapped[str] = mapped_column(String(500), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))


class TokenRow(Base):
    """An access token of this server: its hash, for which account (none: that of the environment), within which limits.

    Removing an account must remove its tokens first, or they would open that of the environment: no ON DELETE.
    """

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    read_only: Mapped[bool]
    toolsets: Mapped[str | None] = mapped_column(Text)
    tools: Mapped[str | None] = mapped_column(Text)
    exclude_tools: Mapped[str | None] = mapped_column(Text)
    personal_data: Mapped[str] = mapped_column(String(10), server_default="shown")
    created_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int | None] = mapped_column(BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(BigInteger)
    last_used_at: Mapped[int | None] = mapped_column(BigInteger)


class ServingKeyRow(Base):
    """A key that the server was last started with, as a fingerprint; an empty one when it had none."""

    __tablename__ = "serving_keys"

    fingerprint: Mapped[str] = mapped_column(String(32), primary_key=True)
