"""The stored access tokens: a public id to find a token by, and a secret of which only a hash is kept."""

import hmac
import re
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, or_, select, update
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
    """What a token may do, in the words of the toolset rules, and whether it sees personal data."""

    read_only: bool = False
    toolsets: str | None = None
    tools: str | None = None
    exclude_tools: str | None = None
    personal_data: PersonalData = "shown"

    def of_tools(self) -> dict[str, Any]:
        """Return those that a tool filter understands, by name."""
        return {name: value for name, value in vars(self).items() if name != "personal_data"}


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


@dataclass(frozen=True)
class FoundToken:
    """A token that is valid. Without an account it is for that of the environment.

    `credential_mark` changes whenever the credential of the account is replaced.
    """

    id: str
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
        right = hmac.compare_digest(token.digest if token else _NO_DIGEST, digest_of(parts[2]))
        now = self._now()
        if token is None or not right or token.revoked_at or (token.expires_at is not None and token.expires_at <= now):
            return None
        self.uses.note(token, now)
        return FoundToken(
            token.id,
            token.name,
            _limits(token),
            StoredAccount.of(account, self._sealer) if account else None,
            mark_of(account) if account else None,
        )

    async def valid(self, ids: Collection[str]) -> dict[str, str | None]:
        """Return those of `ids` whose tokens are neither expired nor revoked, each with its `credential_mark`."""
        never_or_later = or_(TokenRow.expires_at.is_(None), TokenRow.expires_at > self._now())
        query = (
            select(TokenRow.id, CREDENTIAL_MARK)
            .outerjoin(AccountRow)
            .where(TokenRow.id.in_(ids), TokenRow.revoked_at.is_(None), never_or_later)
        )
        async with self._database.reading() as session:
            rows = (await session.execute(query)).all()
        return {row.id: row.mark for row in rows}

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
            raise StoreError(f"There is no valid token {name!r}: see `flodesk-mcp token list`.")


def _limits(token: TokenRow) -> TokenLimits:
    # Whatever another version may mean by a word that this one does not know, it is not "shown".
    personal_data: PersonalData = "shown" if token.personal_data == "shown" else "masked"
    return TokenLimits(token.read_only, token.toolsets, token.tools, token.exclude_tools, personal_data)
