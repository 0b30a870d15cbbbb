"""From a code to tokens, and from a refresh token to the next ones."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from flodesk_mcp.store.database import Database
from flodesk_mcp.store.models import CodeRow, GrantRow, GrantTokenRow
from flodesk_mcp.store.random_secrets import derived_secret, digest_of, new_salt

__all__ = ["ACCESS", "REFRESH", "EndedGrant", "FoundCode", "IssuedTokens", "StoredGrantTokens"]

ACCESS = "fmcpa_"
REFRESH = "fmcpr_"
ACCESS_SECONDS = 3600
REFRESH_SECONDS = 90 * 86_400
GRACE_SECONDS = 30
"""Two tabs refresh at once, or an answer is lost: a used refresh token is answered the same again for that long."""


@dataclass(frozen=True)
class FoundCode:
    """A code that can be exchanged: by which client, for which address (None: it named none), with which proof."""

    client_id: str
    redirect_uri: str | None
    code_challenge: str


@dataclass(frozen=True)
class IssuedTokens:
    """An access token, good for so many seconds and scopes, and the refresh token for the next one."""

    grant_id: str
    access_token: str
    refresh_token: str
    expires_in: int
    scopes: str


@dataclass(frozen=True)
class EndedGrant:
    """A grant that has just ended, because a code or token of it was used for a second time."""

    grant_id: str


class StoredGrantTokens:
    """Codes and tokens of grants, all as hashes. One that is used for a second time ends the whole grant."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    async def find_code(self, code: str) -> FoundCode | EndedGrant | None:
        """Return what a code may be exchanged for; one that was used before ends its grant."""
        query = select(CodeRow, GrantRow).join(GrantRow).where(CodeRow.digest == digest_of(code))
        async with self._database.reading() as session:
            found = (await session.execute(query)).one_or_none()
        if found is None:
            return None
        row, grant = found
        if row.used_at is not None:
            async with self._database.writing() as session:
                return await self._end(session, grant.id)
        if row.expires_at <= self._now() or grant.revoked_at is not None:
            return None
        return FoundCode(grant.client_id, row.redirect_uri, row.code_challenge)

    async def redeem(self, code: str) -> IssuedTokens | EndedGrant | None:
        """Exchange a code for the first tokens, None when somebody else was faster, which ends the grant."""
        now = int(self._now())
        async with self._database.writing() as session:
            row = await session.get(CodeRow, digest_of(code), with_for_update=True)
            if row is None or row.expires_at <= now:
                return None
            if row.used_at is not None:
                return await self._end(session, row.grant_id)
            row.used_at = now
            grant = await session.get_one(GrantRow, row.grant_id, with_for_update=True)
            if grant.revoked_at is not None:
                return None
            grant.connected_at = now
            return self._issue(session, grant, grant.scopes, code, new_salt())

    async def scopes_of(self, refresh_token: str) -> str | None:
        """Return what a refresh token is for, None when it is unknown."""
        async with self._database.reading() as session:
            row = await session.get(GrantTokenRow, digest_of(refresh_token))
        return row.scopes if row else None

    async def refresh(self, token: str, client_id: str, scopes: str | None) -> IssuedTokens | EndedGrant | None:
        """Exchange a refresh token of a client for the next tokens, with fewer `scopes` if it wants.

        None for one that is unknown, expired, of another client or of a grant that is cut off. Used again within the
        grace it leads to the same tokens; later it ends the grant, because somebody else may have it.
        """
        now = int(self._now())
        async with self._database.writing() as session:
            row = await session.get(GrantTokenRow, digest_of(token), with_for_update=True)
            if row is None or row.kind != REFRESH or row.expires_at <= now:
                return None
            grant = await session.get_one(GrantRow, row.grant_id, with_for_update=True)
            if grant.client_id != client_id or grant.revoked_at is not None:
                return None
            if row.salt is None or row.used_at is None:
                row.used_at, row.salt = now, new_salt()
                return self._issue(session, grant, scopes or row.scopes, token, row.salt)
            if now - row.used_at > GRACE_SECONDS:
                return await self._end(session, grant.id)
            return await self._issued_before(session, grant.id, token, row.salt)

    def _issue(self, session: AsyncSession, grant: GrantRow, scopes: str, before: str, salt: str) -> IssuedTokens:
        """Make the tokens that follow `before`. A refresh token keeps all scopes, even if fewer are wanted now."""
        now = int(self._now())
        made = IssuedTokens(
            grant.id,
            derived_secret(ACCESS, before, salt),
            derived_secret(REFRESH, before, salt),
            ACCESS_SECONDS,
            scopes,
        )
        for kind, token, limited, seconds in (
            (ACCESS, made.access_token, scopes, ACCESS_SECONDS),
            (REFRESH, made.refresh_token, grant.scopes, REFRESH_SECONDS),
        ):
            session.add(
                GrantTokenRow(
                    digest=digest_of(token), grant_id=grant.id, kind=kind, scopes=limited, expires_at=now + seconds
                )
            )
        return made

    async def _issued_before(self, session: AsyncSession, grant_id: str, token: str, salt: str) -> IssuedTokens:
        access = derived_secret(ACCESS, token, salt)
        row = await session.get_one(GrantTokenRow, digest_of(access))
        left = max(row.expires_at - int(self._now()), 0)
        return IssuedTokens(grant_id, access, derived_secret(REFRESH, token, salt), left, row.scopes)

    async def _end(self, session: AsyncSession, grant_id: str) -> EndedGrant | None:
        ended = update(GrantRow).where(GrantRow.id == grant_id, GrantRow.revoked_at.is_(None))
        query = ended.values(revoked_at=int(self._now())).returning(GrantRow.id)
        found = (await session.execute(query)).first()
        return EndedGrant(grant_id) if found else None
