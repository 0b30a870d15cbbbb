"""The stored accounts."""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from flodesk_mcp.store.database import Database
from flodesk_mcp.store.errors import StoreError
from flodesk_mcp.store.event_models import without_events
from flodesk_mcp.store.models import AccountRow, CodeRow, FileLinkRow, GrantRow, GrantTokenRow, SubjectRow, TokenRow
from flodesk_mcp.store.names import check_name
from flodesk_mcp.store.sealing import CredentialKind, SealedSecret, Sealer
from flodesk_mcp.store.serving_keys import ServingKeys
from flodesk_mcp.store.uploads import StoredUploads

__all__ = ["AccountInfo", "StoredAccount", "StoredAccounts", "id_of"]

CONNECT_ATTEMPTS = 3


@dataclass(frozen=True)
class StoredAccount:
    """An account, opened. Its `id` stays when its name or its credential is replaced.

    `signed_out` says that Flodesk ended the sign-in: the credential opens nothing until somebody signs in again.
    """

    id: str
    name: str
    credential: SealedSecret
    signed_out: bool = False

    @classmethod
    def of(cls, row: AccountRow, sealer: Sealer) -> Self:
        """Open the account in `row`.

        Raises StoreError when no key opens it.
        """
        credential = sealer.open(row.id, row.sealed_credential)
        return cls(row.id, row.name, credential, signed_out=row.signed_out_at is not None)


@dataclass(frozen=True)
class AccountInfo:
    """What may be shown of an account."""

    name: str
    created_at: int
    tokens: int
    subjects: tuple[str, ...]
    signed_out_at: int | None


class StoredAccounts:
    """Accounts in the database, their credentials sealed."""

    def __init__(self, database: Database, sealer: Sealer, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._sealer = sealer
        self._keys = ServingKeys(database, sealer)
        self._now = now

    async def add(self, name: str, kind: CredentialKind, secret: str, identities: Sequence[str] = ()) -> str:
        """Store an account, known by the first of `identities`, and return its id.

        Raises StoreError for a name that is none or taken, for an account that is stored under one of `identities`,
        without a key, and with one that the server has not.
        """
        check_name("an account", name)
        account_id = uuid.uuid4().hex
        account = AccountRow(
            id=account_id,
            name=name,
            sealed_credential=self._sealer.seal(account_id, kind, secret),
            identity=identities[0] if identities else None,
            created_at=int(self._now()),
        )
        try:
            async with self._database.writing() as session:
                await self._keys.check(session)
                await self._check_is_new(session, identities)
                session.add(account)
        except IntegrityError:
            raise StoreError(f"There is an account {name!r} already.") from None
        return account_id

    async def update(self, name: str, kind: CredentialKind, secret: str, identities: Sequence[str] = ()) -> None:
        """Replace what opens an account; its id stays, and with it quota, tokens, copies and jobs.

        Raises StoreError for an unknown name, for another account that is stored under one of `identities`, without a
        key, and with one that the server has not. Nothing of the old credential is left in SQLite's file.
        """
        async with self._database.writing() as session:
            await self._keys.check(session)
            account_id = await id_of(name, session)
            await self._check_is_new(session, identities, but_for=account_id)
            row = await session.get_one(AccountRow, account_id, with_for_update=True)
            row.sealed_credential = self._sealer.seal(account_id, kind, secret)
            row.identity = identities[0] if identities else None
            row.signed_out_at = None
        await self._database.purge()

    async def know_keys(self, identities_of: Callable[[str], Sequence[str]]) -> None:
        """Let every account that an API key opens be found by that key: by the first of what `identities_of` returns.

        Of several with the same key the oldest is found. Raises StoreError when no key opens a credential.
        """
        async with self._database.writing() as session:
            query = select(AccountRow).order_by(AccountRow.created_at).with_for_update()
            accounts = (await session.execute(query)).scalars().all()
            taken = {row.identity for row in accounts}
            for row in accounts:
                credential = self._sealer.open(row.id, row.sealed_credential)
                if credential.kind != "api_key":
                    continue
                identities = identities_of(credential.secret.get_secret_value())
                if row.identity != identities[0] and identities[0] not in taken:
                    row.identity = identities[0]
                    taken.add(row.identity)

    async def connected_as(self, identities: Sequence[str]) -> str | None:
        """Return the id of the account that somebody connected under one of `identities`."""
        query = select(AccountRow.id).where(AccountRow.identity.in_(identities)).order_by(AccountRow.created_at)
        async with self._database.reading() as session:
            return (await session.execute(query.limit(1))).scalar_one_or_none()

    async def connect(
        self,
        identity: str,
        name: str,
        kind: CredentialKind,
        secret: str,
        *,
        formerly: Sequence[str] = (),
        new_id: str | None = None,
    ) -> StoredAccount:
        """Store what opens the account of that `identity`: a new account, or a new credential of the one that is here.

        One that is known under an identity of `formerly` gets this one. A new one gets `name`, or a longer one where
        another has that, and the id `new_id`, if one is given.

        Raises StoreError for a name that is none, and without a key.
        """
        check_name("an account", name)
        for attempt in range(CONNECT_ATTEMPTS):
            try:
                async with self._database.writing() as session:
                    row = await self._known(session, [identity, *formerly]) or await self._new(session, name, new_id)
                    row.identity = identity
                    row.sealed_credential = self._sealer.seal(row.id, kind, secret)
                    row.signed_out_at = None
                    return StoredAccount.of(row, self._sealer)
            except IntegrityError:  # somebody else did the same just now
                if attempt == CONNECT_ATTEMPTS - 1:
                    raise StoreError("The account is being stored by many at once: try again.") from None
        raise AssertionError

    async def list(self) -> list[AccountInfo]:
        """Return all accounts by name."""
        tokens = select(func.count()).where(TokenRow.account_id == AccountRow.id, TokenRow.revoked_at.is_(None))
        async with self._database.reading() as session:
            rows = (await session.execute(select(AccountRow, tokens.scalar_subquery()).order_by(AccountRow.name))).all()
            people = (await session.execute(select(SubjectRow).order_by(SubjectRow.subject))).scalars().all()
        return [
            AccountInfo(
                account.name,
                account.created_at,
                count,
                tuple(person.subject for person in people if person.account_id == account.id),
                account.signed_out_at,
            )
            for account, count in rows
        ]

    async def account(self, name: str) -> StoredAccount:
        """Return an account, opened.

        Raises StoreError for an unknown name, or when no key opens it.
        """
        check_name("an account", name)
        async with self._database.reading() as session:
            account = (await session.execute(select(AccountRow).where(AccountRow.name == name))).scalar_one_or_none()
        if account is None:
            raise _unknown(name)
        return StoredAccount.of(account, self._sealer)

    async def known_by(self, account_id: str) -> StoredAccount | None:
        """Return the account of that id, opened, if there is one.

        Raises StoreError when no key opens it.
        """
        async with self._database.reading() as session:
            account = await session.get(AccountRow, account_id)
        return StoredAccount.of(account, self._sealer) if account else None

    async def id_of(self, name: str) -> str:
        """Return the id of an account. Raises StoreError for an unknown name."""
        async with self._database.reading() as session:
            return await id_of(name, session)

    async def remove(self, name: str) -> None:
        """Do what `forget` does for an account that is known by its name. Raises StoreError for an unknown name."""
        await self.forget(await self.id_of(name))

    async def forget(self, account_id: str) -> None:
        """Forget an account, its tokens and clients, who could use it, its events, and files that came for it.

        Nothing of its credential is left in SQLite's file.
        """
        grants = select(GrantRow.id).where(GrantRow.account_id == account_id).scalar_subquery()
        async with self._database.writing() as session:
            for dependent in (
                *without_events(account_id),
                delete(CodeRow).where(CodeRow.grant_id.in_(grants)),
                delete(GrantTokenRow).where(GrantTokenRow.grant_id.in_(grants)),
                delete(GrantRow).where(GrantRow.account_id == account_id),
                delete(TokenRow).where(TokenRow.account_id == account_id),
                delete(SubjectRow).where(SubjectRow.account_id == account_id),
                delete(FileLinkRow).where(FileLinkRow.account == account_id),
                delete(AccountRow).where(AccountRow.id == account_id),
            ):
                await session.execute(dependent)
        await StoredUploads(self._database).forget(account_id)
        await self._database.purge()

    async def reseal(self) -> int:
        """Encrypt every credential with the first key, and return how many there are. SQLite's file forgets the old.

        Raises StoreError, and changes nothing, when no key opens one, and when the server has not the first key.
        """
        async with self._database.writing() as session:
            await self._keys.check(session)
            # Locked: a login that is renewed meanwhile must not get its old tokens back.
            accounts = (await session.execute(select(AccountRow).with_for_update())).scalars().all()
            for account in accounts:
                account.sealed_credential = self._sealer.reseal(account.sealed_credential)
        await self._database.purge()
        return len(accounts)

    async def names(self) -> dict[str, str]:
        """Return the names of all accounts by id."""
        async with self._database.reading() as session:
            return {row.id: row.name for row in await session.execute(select(AccountRow.id, AccountRow.name))}

    async def all(self) -> Sequence[StoredAccount]:
        """Return every account, opened.

        Raises StoreError when no key opens one.
        """
        async with self._database.reading() as session:
            accounts = (await session.execute(select(AccountRow))).scalars()
            return [StoredAccount.of(account, self._sealer) for account in accounts]

    async def check(self) -> None:
        """Open every credential once.

        Raises StoreError when no key opens one.
        """
        await self.all()

    async def _check_is_new(self, session: AsyncSession, identities: Sequence[str], but_for: str = "") -> None:
        known = await self._known(session, identities)
        if known and known.id != but_for:
            raise StoreError(f"There is an account with that credential already: {known.name!r}.")

    async def _known(self, session: AsyncSession, identities: Sequence[str]) -> AccountRow | None:
        known = select(AccountRow).where(AccountRow.identity.in_(identities)).order_by(AccountRow.created_at)
        return (await session.execute(known.with_for_update())).scalars().first()

    async def _new(self, session: AsyncSession, name: str, new_id: str | None) -> AccountRow:
        account_id = new_id or uuid.uuid4().hex
        taken = (await session.execute(select(AccountRow.id).where(AccountRow.name == name))).first()
        free = f"{name[:80]} {account_id[:8]}" if taken else name
        row = AccountRow(id=account_id, name=free, created_at=int(self._now()))
        session.add(row)
        return row


async def id_of(name: str, session: AsyncSession) -> str:
    """Return the id of an account. Raises StoreError for an unknown name."""
    check_name("an account", name)
    query = select(AccountRow.id).where(AccountRow.name == name)
    account_id = (await session.execute(query)).scalar_one_or_none()
    if account_id is None:
        raise _unknown(name)
    return account_id


def _unknown(name: str) -> StoreError:
    return StoreError(f"There is no account {name!r}: see `flodesk-mcp account list`.")
