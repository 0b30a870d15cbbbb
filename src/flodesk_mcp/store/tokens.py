"""The stored access tokens: a public id to find a token by, and a secret of which only a hash is kept."""

import hmac
import re
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from flodesk_mcp.settings import PersonalData
from flodesk_mcp.store.accounts import StoredAccount
from flodesk_mcp.store.credential_mark import CREDENTIAL_MARK, mark_of
from flodesk_mcp.store.database import Database
from flodesk_mcp.store.errors import StoreError
from flodesk_mcp.store.models import AccountRow, TokenRow
from flodesk_mcp.store.names import check_name
from flodesk_mcp.store.random_secrets import digest_of
from flodesk_mcp.store.sealing import Sealer
from flodesk_mcp.store.uses import Uses

__all__ = ["FoundToken", "StoredTokens", "TokenInfo", "TokenLimits"]

PREFIX = "fmcp"
TOKEN = re.compile(rf"{PREFIX}_([0-9a-f]{{16}})_([A-Za-z0-9_-]{{43}})", re.ASCII)

_NO_DIGEST = "0" * 64


@dataclass(frozen=True)
class TokenLimits:
    """What a token may do, in the words of the toolset rules, whether it sees personal data, and how often it is used.

    Of a limit that is None only those of the server hold.
    """

    read_only: bool = False
    toolsets: str | None = None
    tools: str | None = None
    exclude_tools: str | None = None
    personal_data: PersonalData = "shown"
    requests_per_minute: int | None = None
    calls_at_once: int | None = None

    def of_tools(self) -> dict[str, Any]:
        """Return those that a tool filter understands, by name."""
        return {name: getattr(self, name) for name in ("read_only", "toolsets", "tools", "exclude_tools")}


@dataclass(frozen=True)
class TokenInfo:
    """What may be shown of a token."""

    name: str
    account: str | None
    limits: TokenLimits
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None
    former_until: int | None


@dataclass(frozen=True)
class FoundToken:
    """A token that is valid. Without an account it is for that of the environment.

    `id` tells what was shown, as a hash: a token that is rotated has two for a while, and stays the same `token_id`.
    `credential_mark` changes whenever the credential of the account is replaced.
    """

    id: str
    token_id: str
    name: str
    limits: TokenLimits
    account: StoredAccount | None
    credential_mark: str | None


class StoredTokens:
    """Tokens in the database."""

    def __init__(self, database: Database, sealer: Sealer, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._sealer = sealer
        self._now = now
        self.uses = Uses(database, TokenRow)

    @staticmethod
    def knows(token: str) -> bool:
        """Tell whether something looks like one of these tokens."""
        return TOKEN.fullmatch(token) is not None

    async def create(
        self, name: str, account: str | None, limits: TokenLimits, valid_seconds: float | None = None
    ) -> str:
        """Return a new token for an account, or for that of the environment. It cannot be read again.

        The name of a revoked token is free. Raises StoreError for one that is none or taken, or an unknown account.
        """
        check_name("a token", name)
        token_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        now = int(self._now())
        try:
            async with self._database.writing() as session:
                account_id = None
                if account is not None:
                    check_name("an account", account)
                    query = select(AccountRow.id).where(AccountRow.name == account)
                    account_id = (await session.execute(query)).scalar_one_or_none()
                    if account_id is None:
                        raise StoreError(f"There is no account {account!r}: see `flodesk-mcp account list`.")
                await session.execute(delete(TokenRow).where(TokenRow.name == name, TokenRow.revoked_at.is_not(None)))
                session.add(
                    TokenRow(
                        id=token_id,
                        name=name,
                        digest=digest_of(secret),
                        account_id=account_id,
                        **vars(limits),
                        created_at=now,
                        expires_at=None if valid_seconds is None else now + int(valid_seconds),
                    )
                )
        except IntegrityError:
            raise StoreError(f"There is a token {name!r} already.") from None
        return f"{PREFIX}_{token_id}_{secret}"

    async def find(self, text: str) -> FoundToken | None:
        """Return what a token is for, None when it is wrong, expired or revoked. `uses.store` notes that it was used.

        Raises StoreError when no key opens its account's credential.
        """
        parts = TOKEN.fullmatch(text)
        if parts is None:
            return None
        query = select(TokenRow, AccountRow).outerjoin(AccountRow).where(TokenRow.id == parts[1])
        async with self._database.reading() as session:
            row = (await session.execute(query)).one_or_none()
        token, account = row or (None, None)
        shown, now = digest_of(parts[2]), self._now()
        right = _opens(token, shown, now) if token else hmac.compare_digest(_NO_DIGEST, shown)
        if token is None or not right or token.revoked_at or (token.expires_at is not None and token.expires_at <= now):
            return None
        self.uses.note(token, now)
        return FoundToken(
            f"{token.id}{shown}",
            token.id,
            token.name,
            _limits(token),
            StoredAccount.of(account, self._sealer) if account else None,
            mark_of(account) if account else None,
        )

    async def valid(self, ids: Collection[str]) -> dict[str, str | None]:
        """Return those of `ids` whose tokens are neither expired nor revoked, each with its `credential_mark`."""
        digests: dict[str, list[str]] = {}
        for shown in ids:
            digests.setdefault(shown[:16], []).append(shown[16:])
        now = self._now()
        never_or_later = or_(TokenRow.expires_at.is_(None), TokenRow.expires_at > now)
        query = (
            select(TokenRow.id, TokenRow.digest, TokenRow.former_digest, TokenRow.former_until, CREDENTIAL_MARK)
            .outerjoin(AccountRow)
            .where(TokenRow.id.in_(digests), TokenRow.revoked_at.is_(None), never_or_later)
        )
        async with self._database.reading() as session:
            rows = (await session.execute(query)).all()
        pairs = ((row, digest) for row in rows for digest in digests[row.id])
        return {f"{row.id}{digest}": row.mark for row, digest in pairs if _opens(row, digest, now)}

    async def rotate(self, name: str, overlap_seconds: float) -> str:
        """Return a new secret for a token, with all else as it was. The one before is good for `overlap_seconds` more.

        One that was good from an earlier rotation ends now. Raises StoreError for an unknown name.
        """
        check_name("a token", name)
        secret, now = secrets.token_urlsafe(32), int(self._now())
        valid = select(TokenRow).where(TokenRow.name == name, TokenRow.revoked_at.is_(None)).with_for_update()
        async with self._database.writing() as session:
            token = (await session.execute(valid)).scalar_one_or_none()
            if token is None:
                raise _no_valid(name)
            token.former_digest, token.former_until = token.digest, now + int(overlap_seconds)
            token.digest = digest_of(secret)
        return f"{PREFIX}_{token.id}_{secret}"

    async def list(self) -> list[TokenInfo]:
        """Return all tokens by name."""
        query = select(TokenRow, AccountRow.name).outerjoin(AccountRow).order_by(TokenRow.name)
        async with self._database.reading() as session:
            rows = (await session.execute(query)).all()
        return [
            TokenInfo(
                token.name,
                account,
                _limits(token),
                token.created_at,
                token.expires_at,
                token.revoked_at,
                token.last_used_at,
                token.former_until if (token.former_until or 0) > self._now() else None,
            )
            for token, account in rows
        ]

    async def revoke(self, name: str) -> None:
        """Let a token open nothing any more.

        Raises StoreError for an unknown name.
        """
        check_name("a token", name)
        valid = update(TokenRow).where(TokenRow.name == name, TokenRow.revoked_at.is_(None))
        query = valid.values(revoked_at=int(self._now())).returning(TokenRow.id)
        async with self._database.writing() as session:
            found = (await session.execute(query)).first()
        if found is None:
            raise _no_valid(name)


def _opens(token: TokenRow | Row[Any], digest: str, now: float) -> bool:
    """Tell whether a secret is the token's, or was until it was rotated and is good for a while."""
    right = hmac.compare_digest(token.digest, digest)
    if token.former_digest and (token.former_until or 0) > now:
        right |= hmac.compare_digest(token.former_digest, digest)
    return right


def _no_valid(name: str) -> StoreError:
    return StoreError(f"There is no valid token {name!r}: see `flodesk-mcp token list`.")


def _limits(token: TokenRow) -> TokenLimits:
    # Whatever another version may mean by a word that this one does not know, it is not "shown".
    personal_data: PersonalData = "shown" if token.personal_data == "shown" else "masked"
    return TokenLimits(
        token.read_only,
        token.toolsets,
        token.tools,
        token.exclude_tools,
        personal_data,
        token.requests_per_minute,
        token.calls_at_once,
    )
