"""Accounts that people brought themselves, found again by what they bring the next time."""

import time
import uuid
from collections.abc import Callable, Sequence

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from flodesk_mcp.store.database import Database
from flodesk_mcp.store.errors import StoreError
from flodesk_mcp.store.models import AccountRow, SubjectRow
from flodesk_mcp.store.sealing import CredentialKind, Sealer

__all__ = ["StoredIdentities"]


class StoredIdentities:
    """Who is known by which keyed hash of a key, or under which id of a login."""

    def __init__(self, database: Database, sealer: Sealer, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._sealer = sealer
        self._now = now

    async def account_id(self, issuer: str, subjects: Sequence[str]) -> str | None:
        """Return the account of whoever is known to `issuer` under one of `subjects`."""
        query = select(SubjectRow.account_id).where(SubjectRow.issuer == issuer, SubjectRow.subject.in_(subjects))
        async with self._database.reading() as session:
            return (await session.execute(query.limit(1))).scalar_one_or_none()

    async def bring(
        self, issuer: str, subjects: Sequence[str], account_id: str, kind: CredentialKind, secret: str
    ) -> str:
        """Store a credential for whoever is known under one of `subjects`, and return their account.

        Those who are new get the account `account_id`; the first of `subjects` is what they are known by from now on.
        Raises StoreError without a key to seal with.
        """
        for _ in range(2):  # the second time if somebody else brought the same meanwhile
            known = await self.account_id(issuer, subjects)
            try:
                async with self._database.writing() as session:
                    if known is None:
                        session.add(
                            AccountRow(
                                id=account_id,
                                name=f"signed-in-{account_id[:12]}",
                                sealed_credential=self._sealer.seal(account_id, kind, secret),
                                created_at=int(self._now()),
                            )
                        )
                        await session.flush()
                    else:
                        row = await session.get_one(AccountRow, known, with_for_update=True)
                        row.sealed_credential = self._sealer.seal(known, kind, secret)
                    others = delete(SubjectRow).where(SubjectRow.issuer == issuer, SubjectRow.subject.in_(subjects))
                    await session.execute(others)
                    session.add(SubjectRow(issuer=issuer, subject=subjects[0], account_id=known or account_id))
            except IntegrityError:
                continue
            return known or account_id
        raise StoreError("Somebody else signs in with the same credential: try again.")

    @staticmethod
    def new_account_id() -> str:
        """Return the id of an account that is not stored yet."""
        return uuid.uuid4().hex
