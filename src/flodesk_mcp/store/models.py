"""The tables. Times are seconds since 1970: SQLite would forget the zone of anything else."""

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = [
    "AccountRow",
    "AttemptRow",
    "Base",
    "ClientRow",
    "CodeRow",
    "FileLinkRow",
    "GrantRow",
    "GrantTokenRow",
    "ServingKeyRow",
    "SignInRow",
    "SubjectRow",
    "TokenRow",
    "UploadPartRow",
    "UploadRow",
]


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

    Until `former_until` the secret that it had before it was rotated is good, too.

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
    requests_per_minute: Mapped[int | None]
    calls_at_once: Mapped[int | None]
    former_digest: Mapped[str | None] = mapped_column(String(64))
    former_until: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int | None] = mapped_column(BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(BigInteger)
    last_used_at: Mapped[int | None] = mapped_column(BigInteger)


class ServingKeyRow(Base):
    """A key that the server was last started with, as a fingerprint; an empty one when it had none."""

    __tablename__ = "serving_keys"

    fingerprint: Mapped[str] = mapped_column(String(32), primary_key=True)


class ClientRow(Base):
    """A program that asks people to sign in: registered here, or described by a document at the address that is its id.

    `secret_digest` is the hash of the secret that a registered one was given, `fresh_until` how long a document counts.
    """

    __tablename__ = "clients"

    id: Mapped[str] = mapped_column(String(500), primary_key=True)
    description: Mapped[str] = mapped_column(Text)
    secret_digest: Mapped[str | None] = mapped_column(String(64))
    fresh_until: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)


class SignInRow(Base):
    """What a client asks a person for, until the person has answered: found by the hash of the page's random name.

    `choices` are kept while the person is at Flodesk's own login. `salt` makes the code, once the answer is yes.
    """

    __tablename__ = "sign_ins"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(500))
    client_name: Mapped[str] = mapped_column(String(100))
    redirect_uri: Mapped[str] = mapped_column(Text)
    redirect_given: Mapped[bool]
    state: Mapped[str | None] = mapped_column(Text)
    scopes: Mapped[str] = mapped_column(String(200))
    code_challenge: Mapped[str] = mapped_column(String(43))
    choices: Mapped[str | None] = mapped_column(Text)
    salt: Mapped[str | None] = mapped_column(String(64))
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)


class GrantRow(Base):
    """A client that a person connected to an account, and what it may do. Its tokens are one family.

    `connected_at` is when the client fetched its first tokens.
    """

    __tablename__ = "grants"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    client_id: Mapped[str] = mapped_column(String(500))
    client_name: Mapped[str] = mapped_column(String(100))
    client_place: Mapped[str] = mapped_column(String(300))
    scopes: Mapped[str] = mapped_column(String(200))
    toolsets: Mapped[str] = mapped_column(Text)
    personal_data: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[int] = mapped_column(BigInteger)
    connected_at: Mapped[int | None] = mapped_column(BigInteger)
    last_used_at: Mapped[int | None] = mapped_column(BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(BigInteger)


class CodeRow(Base):
    """An authorization code, as a hash: once, for a minute, and only for whom it was made."""

    __tablename__ = "authorization_codes"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    grant_id: Mapped[str] = mapped_column(ForeignKey("grants.id"), index=True)
    redirect_uri: Mapped[str | None] = mapped_column(Text)
    code_challenge: Mapped[str] = mapped_column(String(43))
    expires_at: Mapped[int] = mapped_column(BigInteger)
    used_at: Mapped[int | None] = mapped_column(BigInteger)


class GrantTokenRow(Base):
    """An access or refresh token of a grant, as a hash. Of a used refresh token `salt` leads to its successor."""

    __tablename__ = "grant_tokens"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    grant_id: Mapped[str] = mapped_column(ForeignKey("grants.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    scopes: Mapped[str] = mapped_column(String(200))
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)
    used_at: Mapped[int | None] = mapped_column(BigInteger)
    salt: Mapped[str | None] = mapped_column(String(64))


class AttemptRow(Base):
    """Something that an address may do only so often, done by one of which a hash is kept."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_kind_address", "kind", "address"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[int] = mapped_column(BigInteger, index=True)


class FileLinkRow(Base):
    """A link by which one file comes in, or leaves, once: for one account and one caller. Its secret is not here.

    `salt` leads to the secret for who has a key of the server as well. `about` is what its page needs, as JSON;
    `caller` stands in the log. `browser` is a hash of the browser that used it.
    """

    __tablename__ = "file_links"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    salt: Mapped[str] = mapped_column(String(64))
    way: Mapped[str] = mapped_column(String(10))
    account: Mapped[str] = mapped_column(String(100), index=True)
    principal: Mapped[str] = mapped_column(String(64))
    caller: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(String(200))
    about: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)
    used_at: Mapped[int | None] = mapped_column(BigInteger)
    browser: Mapped[str | None] = mapped_column(String(64))


class UploadRow(Base):
    """A file that came by a link, from its first byte on. `shown` is what its page shows of it, once it is whole.

    The ending of the file is that of its `id`. `size` is what it may become until then. `sent_at` is when the person
    handed it on: from then on the caller finds it by its `name`.
    """

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    link: Mapped[str] = mapped_column(String(64), index=True)
    account: Mapped[str] = mapped_column(String(100), index=True)
    principal: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    size: Mapped[int] = mapped_column(BigInteger)
    browser: Mapped[str] = mapped_column(String(64))
    shown: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[int | None] = mapped_column(BigInteger)
    kept_until: Mapped[int] = mapped_column(BigInteger, index=True)


class UploadPartRow(Base):
    """Some of the bytes of an upload, where they are kept in the database."""

    __tablename__ = "upload_parts"

    upload: Mapped[str] = mapped_column(String(40), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)
