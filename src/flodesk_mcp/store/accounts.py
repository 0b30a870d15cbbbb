"""The stored accounts."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from flodesk_mcp.flodesk import Credential
from flodesk_mcp.store.database import Database
from flodesk_mcp.store.errors import StoreError
from flodesk_mcp.store.models import Account, Subject, Token
from flodesk_mcp.store.sealing import CredentialKind, Sealer

__all__ = ["AccountInfo", "StoredAccounts"]


@dataclass(frozen=True)
class AccountInfo:
    """What may be shown of an account."""

    name: str
    created_at: int
    tokens: int
    subjects: tuple[str, ...]


class StoredAccounts:
    """Accounts in the database, their credentials sealed."""

    def __init__(self, database: Database, sealer: Sealer, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._vault = sealer
        self._now = now

    async def add(self, name: str, kind: CredentialKind, secret: str) -> None:
        """Store an account.

        Raises StoreError for a name that is taken, or without a key.
        """
        account_id = uuid.uuid4().hex
        account = Account(
            id=account_id,
            name=name,
            sealed_credential=self._vault.seal(account_id, kind, secret),
            created_at=int(self._now()),
        )
        try:
            async with self._database.sessions.begin() as session:
                session.add(account)
        except IntegrityError:
            raise StoreError(f"There is an account {name!r} already.") from None

    async def list(self) -> list[AccountInfo]:
        """Return all accounts by name."""
        tokens = select(func.count()).where(Token.account_id == Account.id, Token.revoked_at.is_(None))
        async with self._database.reading() as session:
            rows = (await session.execute(select(Account, tokens.scalar_subquery()).order_by(Account.name))).all()
            people = (await session.execute(select(Subject).order_by(Subject.subject))).scalars().all()
        return [
            AccountInfo(
                account.name,
                account.created_at,
                count,
                tuple(person.subject for person in people if person.account_id == account.id),
            )
            for account, count in rows
        ]

    async def credential(self, name: str) -> Credential:
        """Return an account's credential.

        Raises StoreError for an unknown name, or when no key opens it.
        """
        async with self._database.reading() as session:
            account = (await session.execute(select(Account).where(Account.name == name))).scalar_one_or_none()
        if account is None:
            raise _unknown(name)
        return self._vault.open(account.id, account.sealed_credential)

    async def credential_of(self, issuer: str, subject: str) -> tuple[str, Credential] | None:
        """Return the name and the credential of the account that is open to a person, if one is."""
        query = select(Account).join(Subject).where(Subject.issuer == issuer, Subject.subject == subject)
        async with self._database.reading() as session:
            account = (await session.execute(query)).scalar_one_or_none()
        return (account.name, self._vault.open(account.id, account.sealed_credential)) if account else None

    async def link(self, name: str, issuer: str, subject: str) -> None:
        """Open an account to a person of an identity provider, and no other account any more.

        Raises StoreError for an unknown name.
        """
        async with self._database.sessions.begin() as session:
            account_id = (await session.execute(select(Account.id).where(Account.name == name))).scalar_one_or_none()
            if account_id is None:
                raise _unknown(name)
            await session.merge(Subject(issuer=issuer, subject=subject, account_id=account_id))

    async def unlink(self, issuer: str, subject: str) -> None:
        """Close every account to a person."""
        async with self._database.sessions.begin() as session:
            await session.execute(delete(Subject).where(Subject.issuer == issuer, Subject.subject == subject))

    async def remove(self, name: str) -> None:
        """Forget an account, its tokens and who could use it.

        Raises StoreError for an unknown name.
        """
        async with self._database.sessions.begin() as session:
            account_id = (await session.execute(select(Account.id).where(Account.name == name))).scalar_one_or_none()
            if account_id is None:
                raise _unknown(name)
            for dependent in (
                delete(Token).where(Token.account_id == account_id),
                delete(Subject).where(Subject.account_id == account_id),
            ):
                await session.execute(dependent)
            await session.execute(delete(Account).where(Account.id == account_id))

    async def reseal(self) -> int:
        """Encrypt every credential with the first key, and return how many there are.

        Raises StoreError, and changes nothing, when no key opens one.
        """
        async with self._database.sessions.begin() as session:
            accounts = (await session.execute(select(Account))).scalars().all()
            for account in accounts:
                account.sealed_credential = self._vault.reseal(account.sealed_credential)
        return len(accounts)

    async def check(self) -> None:
        """Open every credential once.

        Raises StoreError when no key opens one.
        """
        async with self._database.reading() as session:
            for account in (await session.execute(select(Account))).scalars():
                self._vault.open(account.id, account.sealed_credential)


def _unknown(name: str) -> StoreError:
    return StoreError(f"There is no account {name!r}: see `flodesk-mcp account list`.")
