"""What clients ask people for, from the first redirect until the person has answered."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from flodesk_mcp.settings import PersonalData
from flodesk_mcp.store.database import Database
from flodesk_mcp.store.models import CodeRow, GrantRow, SignInRow
from flodesk_mcp.store.random_secrets import derived_secret, digest_of, new_salt, new_secret

__all__ = ["Asked", "Granted", "StoredSignIns"]

ANSWERED_WITHIN_SECONDS = 600
CODE_SECONDS = 60
CODE = "fmcpc_"


@dataclass(frozen=True)
class Asked:
    """What a client asks for: where the answer goes, with what, and how the code will be proved."""

    client_id: str
    client_name: str
    redirect_uri: str
    redirect_given: bool
    state: str | None
    scopes: str
    code_challenge: str


@dataclass(frozen=True)
class Granted:
    """What a person allows. `client_place` is where the client's answer goes, in words."""

    account_id: str
    client_place: str
    scopes: str
    toolsets: str
    personal_data: PersonalData


class StoredSignIns:
    """Sign-ins in the database, each under the hash of a random name."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    async def begin(self, asked: Asked) -> str:
        """Store what a client asks for, for ten minutes, and return the name of it."""
        name = new_secret("")
        expires_at = int(self._now()) + ANSWERED_WITHIN_SECONDS
        async with self._database.writing() as session:
            session.add(SignInRow(digest=digest_of(name), expires_at=expires_at, **vars(asked)))
        return name

    async def get(self, name: str) -> Asked | None:
        """Return what is asked under a name, None when its time is over or the person has said no."""
        async with self._database.reading() as session:
            row = await session.get(SignInRow, digest_of(name))
        if row is None or row.expires_at <= self._now():
            return None
        return Asked(**{field: getattr(row, field) for field in Asked.__dataclass_fields__})

    async def keep_choices(self, name: str, choices: str) -> None:
        """Keep what the person chose while they are at another page."""
        query = update(SignInRow).where(SignInRow.digest == digest_of(name), SignInRow.salt.is_(None))
        async with self._database.writing() as session:
            await session.execute(query.values(choices=choices))

    async def choices(self, name: str) -> str | None:
        """Return what the person chose."""
        async with self._database.reading() as session:
            row = await session.get(SignInRow, digest_of(name))
        return row.choices if row else None

    async def decline(self, name: str) -> None:
        """Forget what was asked."""
        async with self._database.writing() as session:
            await session.execute(delete(SignInRow).where(SignInRow.digest == digest_of(name)))

    async def approve(self, name: str, granted: Granted) -> str | None:
        """Grant what was asked and return the code for the client, None when the time for that is over.

        Who says yes twice, with a double click, gets the same code again while it is good.
        """
        async with self._database.writing() as session:
            row = await session.get(SignInRow, digest_of(name), with_for_update=True)
            if row is None or row.expires_at <= self._now():
                return None
            if row.salt is None:
                row.salt = new_salt()
                code = derived_secret(CODE, name, row.salt)
                await self._grant(session, row, granted, code)
                return code
            code = derived_secret(CODE, name, row.salt)
            made = await session.get(CodeRow, digest_of(code))
            return code if made and made.used_at is None and made.expires_at > self._now() else None

    async def _grant(self, session: AsyncSession, row: SignInRow, granted: Granted, code: str) -> None:
        now = int(self._now())
        grant = GrantRow(
            id=uuid.uuid4().hex[:16],
            client_id=row.client_id,
            client_name=row.client_name,
            created_at=now,
            **vars(granted),
        )
        session.add(grant)
        await session.flush()
        session.add(
            CodeRow(
                digest=digest_of(code),
                grant_id=grant.id,
                redirect_uri=row.redirect_uri if row.redirect_given else None,
                code_challenge=row.code_challenge,
                expires_at=now + CODE_SECONDS,
            )
        )

    async def sweep(self) -> None:
        """Forget what nobody answered in time."""
        async with self._database.writing() as session:
            await session.execute(delete(SignInRow).where(SignInRow.expires_at <= int(self._now())))
