"""Links by which files come in and leave: each once, for a quarter of an hour, for one caller of one account."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, select, update

from flodesk_mcp.store.database import Database
from flodesk_mcp.store.models import FileLinkRow
from flodesk_mcp.store.random_secrets import derived_secret, digest_of, is_secret_of, new_salt

__all__ = ["LINK_SECONDS", "FileLink", "Holder", "StoredFileLinks", "Way"]

LINK_SECONDS = 900
TOLD_AGAIN_SECONDS = 300
"""How long a link must still be good to be told once more instead of a new one."""

AGAIN_SECONDS = 300
"""How long the browser that used a link may do so again: a download breaks off, a button is pressed twice."""

MOST_OPEN = 10
PREFIX = "fmcpf_"

Way = Literal["upload", "download"]


@dataclass(frozen=True)
class Holder:
    """For whom a link is: a caller of an account. `principal` is a hash of who it is, `caller` a name for the log."""

    account: str
    principal: str
    caller: str


@dataclass(frozen=True)
class FileLink:
    """A link that is good, or was used a moment ago."""

    digest: str
    way: str
    account: str
    principal: str
    caller: str
    name: str
    about: str
    expires_at: int
    used_at: int | None

    @property
    def shown(self) -> str:
        """What stands for it in the log: nobody gets from there to the link."""
        return self.digest[:12]


class StoredFileLinks:
    """The links in the database, each under the hash of its secret."""

    def __init__(self, database: Database, keys: Sequence[bytes], now: Callable[[], float] = time.time) -> None:
        """Take the keys that secrets are made with: the first makes new ones, any tells one again."""
        self._database = database
        self._keys = [key.hex() for key in keys]
        self._now = now

    async def open(self, way: Way, holder: Holder, name: str, about: str) -> tuple[str, int] | None:
        """Return the secret of the link for a file of that name, and until when it is good.

        An unused one is told again: for a file that comes, which it learns the latest about, by its name; for one that
        leaves, by what it is. None where the holder has too many open. Raises StoreError.
        """
        now = int(self._now())
        mine = (
            FileLinkRow.way == way,
            FileLinkRow.account == holder.account,
            FileLinkRow.principal == holder.principal,
            FileLinkRow.used_at.is_(None),
            FileLinkRow.expires_at > now,
        )
        async with self._database.writing() as session:
            rows = (await session.execute(select(FileLinkRow).where(*mine))).scalars().all()
            for row in rows:
                is_same = row.name == name if way == "upload" else row.about == about
                if is_same and row.expires_at > now + TOLD_AGAIN_SECONDS and (secret := self._secret_of(row)):
                    row.about = about
                    return secret, row.expires_at
            if len(rows) >= MOST_OPEN:
                return None
            salt = new_salt()
            secret = derived_secret(PREFIX, self._keys[0], salt)
            row = FileLinkRow(
                digest=digest_of(secret),
                salt=salt,
                way=way,
                name=name,
                about=about,
                expires_at=now + LINK_SECONDS,
                **vars(holder),
            )
            session.add(row)
            return secret, row.expires_at

    async def find(self, way: Way, secret: str) -> FileLink | None:
        """Return what a link is for, None for one that is unknown or too old. It may have been used."""
        if not is_secret_of(PREFIX, secret):
            return None
        async with self._database.reading() as session:
            row = await session.get(FileLinkRow, digest_of(secret))
        if row is None or row.way != way or row.expires_at <= self._now():
            return None
        return FileLink(**{name: getattr(row, name) for name in FileLink.__dataclass_fields__})

    async def use(self, link: FileLink, browser: str) -> bool:
        """Use a link up; tell whether it was good, or used by the same browser a few minutes ago."""
        now = int(self._now())
        unused = update(FileLinkRow).where(FileLinkRow.digest == link.digest, FileLinkRow.used_at.is_(None))
        async with self._database.writing() as session:
            used = unused.where(FileLinkRow.expires_at > now).values(used_at=now, browser=browser)
            if (await session.execute(used.returning(FileLinkRow.digest))).first():
                return True
            row = await session.get(FileLinkRow, link.digest)
            return bool(row and row.browser == browser and row.used_at and row.used_at > now - AGAIN_SECONDS)

    async def sweep(self) -> None:
        """Forget those that are too old."""
        async with self._database.writing() as session:
            await session.execute(delete(FileLinkRow).where(FileLinkRow.expires_at <= int(self._now())))

    def _secret_of(self, row: FileLinkRow) -> str | None:
        secrets = (derived_secret(PREFIX, key, row.salt) for key in self._keys)
        return next((secret for secret in secrets if digest_of(secret) == row.digest), None)
