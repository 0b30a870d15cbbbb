"""Files that people send through links: kept until the plans that are made of them are over."""

import time
import uuid
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from sqlalchemy import ColumnElement, delete, func, select, update

from flodesk_mcp.store.database import Database
from flodesk_mcp.store.file_links import FileLink, Holder
from flodesk_mcp.store.models import UploadRow
from flodesk_mcp.store.upload_bytes import InFolder, InTable, UploadBytes

__all__ = ["MOST_UPLOAD_BYTES", "UPLOAD_KEPT_SECONDS", "NoRoom", "StoredUploads", "TooLarge", "Upload"]

MOST_UPLOAD_BYTES = 50 << 20
"""Of one file."""

MOST_OF_ACCOUNT = 4 * MOST_UPLOAD_BYTES
"""Of all files of an account, those that are just coming in included."""

UPLOAD_KEPT_SECONDS = 1_800
"""How long a file is kept after it was sent, and after each plan that was made of it: as long as a plan is good."""

PART_BYTES = 512 << 10
CLEANING_SECONDS = 5


class TooLarge(Exception):
    """A file has more than 50 MB."""


class NoRoom(Exception):
    """The account has too many bytes here already."""


@dataclass(frozen=True)
class Upload:
    """A file that is here. `shown` is what its page shows of it."""

    id: str
    name: str
    size: int
    shown: str | None
    sent_at: int | None


class StoredUploads:
    """The uploads, each told of in the database."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now
        folder = database.beside("uploads")
        self._bytes: UploadBytes = InFolder(folder) if folder else InTable(database)

    async def receive(
        self,
        link: FileLink,
        browser: str,
        ending: str,
        content: AsyncIterable[bytes],
        expected: int = MOST_UPLOAD_BYTES,
    ) -> Upload:
        """Keep a file whose name has that `ending`, and of which `expected` bytes are announced, as it comes.

        Of what breaks off nothing is left.

        Raises TooLarge, NoRoom, StoreError, and what `content` raises.
        """
        upload_id = await self._begin(link, browser, ending, min(expected, MOST_UPLOAD_BYTES))
        try:
            size = await self._keep(upload_id, content)
            async with self._database.writing() as session:
                await session.execute(update(UploadRow).where(UploadRow.id == upload_id).values(size=size))
        except BaseException:
            with anyio.move_on_after(CLEANING_SECONDS, shield=True):
                await self._delete(UploadRow.id == upload_id)
            raise
        return Upload(upload_id, link.name, size, None, None)

    async def show(self, link: FileLink, upload: Upload, shown: str) -> None:
        """Make it the file of its link, in place of one that came before."""
        async with self._database.writing() as session:
            await session.execute(update(UploadRow).where(UploadRow.id == upload.id).values(shown=shown))
        await self._delete(UploadRow.link == link.digest, UploadRow.id != upload.id, UploadRow.shown.is_not(None))

    async def shown(self, link: FileLink, browser: str) -> Upload | None:
        """Return the file of a link that this browser sent, and was shown."""
        return await self._first(
            UploadRow.link == link.digest, UploadRow.browser == browser, UploadRow.shown.is_not(None)
        )

    async def hand_on(self, id: str) -> None:
        """Let the caller have it, by its name, in place of one of the same name."""
        now = int(self._now())
        async with self._database.writing() as session:
            row = await session.get(UploadRow, id)
            if row is None or row.sent_at is not None:
                return
            row.sent_at, row.kept_until = now, now + UPLOAD_KEPT_SECONDS
        same = (UploadRow.account == row.account, UploadRow.principal == row.principal, UploadRow.name == row.name)
        await self._delete(*same, UploadRow.sent_at.is_not(None), UploadRow.id != id)

    async def discard(self, upload: Upload) -> None:
        """Delete a file that nobody wants."""
        await self._delete(UploadRow.id == upload.id)

    async def sent(self, holder: Holder, name: str) -> Upload | None:
        """Return the file of that name which was sent to the holder, and keep it as long as a plan of it is good."""
        mine = (UploadRow.account == holder.account, UploadRow.principal == holder.principal, UploadRow.name == name)
        upload = await self._first(*mine, UploadRow.sent_at.is_not(None))
        if upload:
            later = update(UploadRow).where(UploadRow.id == upload.id)
            async with self._database.writing() as session:
                await session.execute(later.values(kept_until=int(self._now()) + UPLOAD_KEPT_SECONDS))
        return upload

    async def fetch(self, upload: Upload, folder: Path) -> Path:
        """Return the upload as a file, in `folder` or beside the database. Raises StoreError."""
        return await self._bytes.fetch(upload.id, folder)

    async def forget(self, account: str) -> None:
        """Delete the files of an account."""
        await self._delete(UploadRow.account == account)

    async def sweep(self) -> None:
        """Delete what is over, and what a process that was killed left behind."""
        await self._delete(UploadRow.kept_until <= int(self._now()))
        there = await self._bytes.there()  # before it is asked which are known: each was known before its first byte
        async with self._database.reading() as session:
            known = (await session.execute(select(UploadRow.id))).scalars().all()
        if nobodys := set(there).difference(known):
            await self._bytes.delete(nobodys)

    async def _begin(self, link: FileLink, browser: str, ending: str, size: int) -> str:
        row = UploadRow(
            id=uuid.uuid4().hex + ending,
            link=link.digest,
            account=link.account,
            principal=link.principal,
            name=link.name,
            size=size,
            browser=browser,
            kept_until=link.expires_at,
        )
        async with self._database.writing() as session:
            session.add(row)
        taken = select(func.sum(UploadRow.size)).where(UploadRow.account == link.account)
        async with self._database.reading() as session:
            total = (await session.execute(taken)).scalar_one() or 0
        if total > MOST_OF_ACCOUNT:  # counted with this one, so that none of many at once is overlooked
            await self._delete(UploadRow.id == row.id)
            raise NoRoom
        return row.id

    async def _keep(self, id: str, content: AsyncIterable[bytes]) -> int:
        size, part, waiting = 0, 0, bytearray()
        async for chunk in content:
            size += len(chunk)
            if size > MOST_UPLOAD_BYTES:
                raise TooLarge
            waiting += chunk
            if len(waiting) >= PART_BYTES:
                await self._bytes.add(id, part, bytes(waiting))
                part += 1
                waiting.clear()
        await self._bytes.add(id, part, bytes(waiting))
        return size

    async def _first(self, *where: ColumnElement[bool]) -> Upload | None:
        query = select(UploadRow).where(*where, UploadRow.kept_until > int(self._now()))
        async with self._database.reading() as session:
            row = (await session.execute(query)).scalars().first()
        return Upload(**{name: getattr(row, name) for name in Upload.__dataclass_fields__}) if row else None

    async def _delete(self, *where: Any) -> None:
        async with self._database.reading() as session:
            ids = (await session.execute(select(UploadRow.id).where(*where))).scalars().all()
        if ids:
            await self._bytes.delete(ids)  # first: a row without bytes is swept, bytes without a row are nobody's
            async with self._database.writing() as session:
                await session.execute(delete(UploadRow).where(UploadRow.id.in_(ids)))
