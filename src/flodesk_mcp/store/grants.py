"""What people granted to clients: looked up for each request, listed, and cut off."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, exists, func, select, update

from flodesk_mcp.settings import PersonalData
from flodesk_mcp.store.accounts import StoredAccount
from flodesk_mcp.store.credential_mark import CREDENTIAL_MARK, mark_of
from flodesk_mcp.store.database import Database
from flodesk_mcp.store.errors import StoreError
from flodesk_mcp.store.grant_tokens import ACCESS
from flodesk_mcp.store.models import AccountRow, CodeRow, GrantRow, GrantTokenRow
from flodesk_mcp.store.random_secrets import digest_of, is_secret_of
from flodesk_mcp.store.sealing import Sealer
from flodesk_mcp.store.uses import Uses

__all__ = ["FoundGrant", "GrantInfo", "StoredGrants"]

UNFETCHED_SECONDS = 3600
KEPT_SECONDS = 30 * 86_400
"""How long a grant that is over can still be seen."""


@dataclass(frozen=True)
class FoundGrant:
    """What a valid access token opens. `id` is the token's, as a hash."""

    id: str
    grant_id: str
    scopes: frozenset[str]
    toolsets: str
    personal_data: PersonalData
    account: StoredAccount
    credential_mark: str


@dataclass(frozen=True)
class GrantInfo:
    """What may be shown of a grant."""

    id: str
    account: str
    client_name: str
    client_place: str
    scopes: frozenset[str]
    toolsets: str
    personal_data: PersonalData
    connected_at: int
    last_used_at: int | None
    revoked_at: int | None


class StoredGrants:
    """Grants in the database."""

    def __init__(self, database: Database, sealer: Sealer, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._sealer = sealer
        self._now = now
        self.uses = Uses(database, GrantRow)

    @staticmethod
    def knows(token: str) -> bool:
        """Tell whether something looks like an access token of a grant."""
        return is_secret_of(ACCESS, token)

    async def find(self, token: str) -> FoundGrant | None:
        """Return what an access token opens, None when it is wrong, expired or cut off.

        Raises StoreError when no key opens its account's credential.
        """
        query = (
            select(GrantTokenRow, GrantRow, AccountRow)
            .join(GrantRow, GrantRow.id == GrantTokenRow.grant_id)
            .join(AccountRow, AccountRow.id == GrantRow.account_id)
            .where(GrantTokenRow.digest == digest_of(token), self._opens())
        )
        async with self._database.reading() as session:
            found = (await session.execute(query)).one_or_none()
        if found is None:
            return None
        row, grant, account = found
        self.uses.note(grant, self._now())
        return FoundGrant(
            row.digest,
            grant.id,
            frozenset(row.scopes.split()),
            grant.toolsets,
            _personal_data(grant),
            StoredAccount.of(account, self._sealer),
            mark_of(account),
        )

    async def valid(self, ids: Collection[str]) -> dict[str, str | None]:
        """Return those of `ids` whose tokens still open something, each with its account's `credential_mark`."""
        query = (
            select(GrantTokenRow.digest, CREDENTIAL_MARK)
            .join(GrantRow, GrantRow.id == GrantTokenRow.grant_id)
            .join(AccountRow, AccountRow.id == GrantRow.account_id)
            .where(GrantTokenRow.digest.in_(ids), self._opens())
        )
        async with self._database.reading() as session:
            rows = (await session.execute(query)).all()
        return {row.digest: row.mark for row in rows}

    async def list(self, account_id: str | None = None) -> list[GrantInfo]:
        """Return the grants whose clients fetched their tokens, the newest first, of one account or of all."""
        query = select(GrantRow, AccountRow.name).join(AccountRow).where(GrantRow.connected_at.is_not(None))
        if account_id is not None:
            query = query.where(GrantRow.account_id == account_id, self._alive())
        async with self._database.reading() as session:
            rows = (await session.execute(query.order_by(GrantRow.connected_at.desc(), GrantRow.id))).all()
        return [
            GrantInfo(
                grant.id,
                account,
                grant.client_name,
                grant.client_place,
                frozenset(grant.scopes.split()),
                grant.toolsets,
                _personal_data(grant),
                grant.connected_at or 0,
                grant.last_used_at,
                grant.revoked_at,
            )
            for grant, account in rows
        ]

    async def revoke(self, grant_id: str, account_id: str | None = None) -> None:
        """Cut a client off, of that account if one is named.

        Raises StoreError when there is no such grant, or it is over already.
        """
        query = update(GrantRow).where(GrantRow.id == grant_id, GrantRow.revoked_at.is_(None))
        if account_id is not None:
            query = query.where(GrantRow.account_id == account_id)
        ended = query.values(revoked_at=int(self._now())).returning(GrantRow.id)
        async with self._database.writing() as session:
            found = (await session.execute(ended)).first()
        if found is None:
            raise StoreError(f"There is no connected client {grant_id[:100]!r}: see `flodesk-mcp grant list`.")

    async def revoke_token(self, token: str, client_id: str) -> None:
        """Cut off the grant of an access or refresh token, if it is one of that client."""
        query = (
            select(GrantRow.id)
            .join(GrantTokenRow, GrantTokenRow.grant_id == GrantRow.id)
            .where(GrantTokenRow.digest == digest_of(token), GrantRow.client_id == client_id)
        )
        ended = update(GrantRow).where(GrantRow.id.in_(query.scalar_subquery()), GrantRow.revoked_at.is_(None))
        async with self._database.writing() as session:
            await session.execute(ended.values(revoked_at=int(self._now())))

    async def sweep(self) -> None:
        """Forget tokens that are over, and grants without any that nobody needs to see any more."""
        now = int(self._now())
        over = (
            select(GrantRow.id)
            .where(
                ~exists().where(GrantTokenRow.grant_id == GrantRow.id),
                func.coalesce(GrantRow.revoked_at, GrantRow.created_at) < now - UNFETCHED_SECONDS,
            )
            .scalar_subquery()
        )
        revoked = select(GrantRow.id).where(GrantRow.revoked_at < now - KEPT_SECONDS).scalar_subquery()
        async with self._database.writing() as session:
            await session.execute(delete(GrantTokenRow).where(GrantTokenRow.expires_at <= now))
            await session.execute(delete(GrantTokenRow).where(GrantTokenRow.grant_id.in_(revoked)))
            await session.execute(delete(CodeRow).where(CodeRow.grant_id.in_(over)))
            await session.execute(delete(GrantRow).where(GrantRow.id.in_(over)))

    def _opens(self) -> ColumnElement[bool]:
        return and_(
            GrantTokenRow.kind == ACCESS,
            GrantTokenRow.expires_at > int(self._now()),
            GrantRow.revoked_at.is_(None),
        )

    def _alive(self) -> ColumnElement[bool]:
        """Tell that a grant is not cut off and has a token that is good for something."""
        return and_(
            GrantRow.revoked_at.is_(None),
            exists().where(GrantTokenRow.grant_id == GrantRow.id, GrantTokenRow.expires_at > int(self._now())),
        )


def _personal_data(grant: GrantRow) -> PersonalData:
    # Whatever another version may mean by a word that this one does not know, it is not "shown".
    return "shown" if grant.personal_data == "shown" else "masked"
