"""Who of an identity provider may use an account."""

from sqlalchemy import delete, select

from flodesk_mcp.store.accounts import StoredAccount, id_of
from flodesk_mcp.store.database import Database
from flodesk_mcp.store.models import AccountRow, SubjectRow
from flodesk_mcp.store.names import check_name, is_name
from flodesk_mcp.store.sealing import Sealer

__all__ = ["StoredSubjects"]


class StoredSubjects:
    """People of identity providers, each with the one account that is open to them."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def account_of(self, issuer: str, subject: str) -> StoredAccount | None:
        """Return the account that is open to a person, if one is.

        Raises StoreError when no key opens it.
        """
        if not is_name(subject):
            return None
        query = select(AccountRow).join(SubjectRow).where(SubjectRow.issuer == issuer, SubjectRow.subject == subject)
        async with self._database.reading() as session:
            account = (await session.execute(query)).scalar_one_or_none()
        return StoredAccount.of(account, self._sealer) if account else None

    async def link(self, name: str, issuer: str, subject: str) -> None:
        """Open an account to a person, and no other account any more.

        Raises StoreError for an unknown name, and for a person's that is none.
        """
        check_name("a person", subject)
        async with self._database.writing() as session:
            account_id = await id_of(name, session)
            await session.merge(SubjectRow(issuer=issuer, subject=subject, account_id=account_id))

    async def unlink(self, issuer: str, subject: str) -> None:
        """Close every account to a person.

        Raises StoreError for a name that is none.
        """
        check_name("a person", subject)
        async with self._database.writing() as session:
            await session.execute(delete(SubjectRow).where(SubjectRow.issuer == issuer, SubjectRow.subject == subject))
