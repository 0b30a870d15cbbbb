"""The links of a hosted server: handed out to callers, kept in its database or, where it has none, in a file."""

import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import anyio
import anyio.from_thread

from flodesk_mcp.callers.exchange import Leaving, LinkTo, Reading
from flodesk_mcp.store import (
    Database,
    Holder,
    StoredAttempts,
    StoredFileLinks,
    StoredUploads,
    StoreError,
    Upload,
    Way,
)
from flodesk_mcp.tools import visible
from flodesk_mcp.web.auth.background import repeating
from flodesk_mcp.web.auth.principal import Principal
from flodesk_mcp.web.keys import derived_keys
from flodesk_mcp.web.settings import HostedSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flodesk_mcp.audience.files import Table
    from flodesk_mcp.audience.source import Source

__all__ = ["CallerExchange", "FileLinks"]

SWEPT_EVERY_SECONDS = 60
ATTEMPTS_KEPT_SECONDS = 4_000
MOST_NAME = 100
OWN_NAME = "upload-"


class FileLinks:
    """What was handed out and what came in; opened by the first link, or where there may be some of before."""

    def __init__(self, settings: HostedSettings, folder: Path | None) -> None:
        """Take the folder for a file of its own, for settings without a database; None is for as long as it runs."""
        self._settings = settings
        self._folder = folder
        self._keys = derived_keys(settings.encryption_keys, "links to files")
        self._opening = anyio.Lock()
        self._closing = AsyncExitStack()
        self._opened: Opened | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Delete what is over every minute, and close everything at the end."""
        async with (
            self._closing,
            repeating(self._sweep, SWEPT_EVERY_SECONDS, "Files that are over cannot be deleted: %s"),
        ):
            yield

    async def opened(self) -> "Opened":
        """Return the links and the uploads. Raises StoreError."""
        async with self._opening:
            if self._opened is None:
                address = self._settings.database_address if self._settings.keeps_state else self._own_file()
                database = Database(address)
                self._closing.push_async_callback(database.aclose)
                await database.migrate()
                self._opened = Opened(database, self._keys)
            return self._opened

    def _own_file(self) -> str:
        folder = self._folder or Path(self._closing.enter_context(TemporaryDirectory(prefix="flodesk-mcp-")))
        return f"sqlite:///{folder.absolute()}/links.sqlite3"

    async def _sweep(self) -> None:
        may_be_some = self._settings.keeps_state or (self._folder and (self._folder / "links.sqlite3").exists())
        if self._opened or may_be_some:
            opened = await self.opened()
            await opened.uploads.sweep()
            await opened.links.sweep()
            if not self._settings.sign_in_address:  # which sweeps them itself
                await opened.attempts.sweep(ATTEMPTS_KEPT_SECONDS)


class Opened:
    """What is kept in a database."""

    def __init__(self, database: Database, keys: tuple[bytes, ...]) -> None:
        self.links = StoredFileLinks(database, keys)
        self.uploads = StoredUploads(database)
        self.attempts = StoredAttempts(database)

    def source(self, upload: Upload) -> "Source":
        """Return an upload as a source of people, which is read in a thread beside the event loop."""
        from flodesk_mcp.audience.files import open_file

        @contextmanager
        def opened() -> "Iterator[Table]":
            with TemporaryDirectory(prefix="flodesk-mcp-") as folder:
                path = anyio.from_thread.run(self._fetch, upload, Path(folder))
                with open_file(path) as table:
                    yield table

        return opened

    async def _fetch(self, upload: Upload, folder: Path) -> Path:
        async with _in_own_words():
            return await self.uploads.fetch(upload, folder)


class CallerExchange:
    """The links of one caller, below the address that it reaches this server at, which is told when there is one."""

    def __init__(self, links: FileLinks, principal: Principal, address: Callable[[], str]) -> None:
        self._links = links
        self._address = address
        who = json.dumps([principal.client_id, principal.issuer, principal.subject])
        self._holder = Holder(principal.account.identity, hashlib.sha256(who.encode()).hexdigest(), principal.name)

    async def sent(self, file: str) -> "Source | None":
        """Return the file of that name that a person has sent, None while there is none. Raises StorageFailed."""
        async with _in_own_words():
            opened = await self._links.opened()
            upload = await opened.uploads.sent(self._holder, _name_of(file))
            return opened.source(upload) if upload else None

    async def ask_for(self, file: str | None, reading: Reading) -> LinkTo:
        """Return a link by which a person sends a file, which is then found under that name, or one of our own.

        Raises FileRefused where too many are open, StorageFailed.
        """
        from flodesk_mcp.audience.errors import FileRefused

        about = json.dumps(asdict(reading), sort_keys=True)
        name = _name_of(file) if file else await self._own_name(about)
        link = await self._open("upload", name, about)
        if link is None:
            raise FileRefused("Too many links are open: let your user take one of them, or wait a quarter of an hour.")
        return link

    async def offer(self, leaving: Leaving) -> LinkTo | None:
        """Return a link by which a person gets a file, None where too many are open. Raises StorageFailed."""
        return await self._open("download", leaving.file, json.dumps(asdict(leaving)))

    async def _own_name(self, about: str) -> str:
        """Return a name that is the same where the same is asked for once more, and still to come."""
        name = OWN_NAME + hashlib.sha256(about.encode()).hexdigest()[:6]
        return OWN_NAME + secrets.token_hex(3) if await self.sent(name) else name

    async def _open(self, way: Way, name: str, about: str) -> LinkTo | None:
        async with _in_own_words():
            opened = await self._links.opened()
            made = await opened.links.open(way, self._holder, name, about)
        if made is None:
            return None
        secret, expires_at = made
        return LinkTo(f"{self._address()}/{way}?link={secret}", expires_at, name)


def _name_of(file: str) -> str:
    """Return the name in a path: hosted there are no folders."""
    return visible(file).replace("\\", "/").rstrip("/").rpartition("/")[2][-MOST_NAME:] or "upload"


@asynccontextmanager
async def _in_own_words() -> AsyncIterator[None]:
    """Raise StorageFailed for what the database cannot do."""
    from flodesk_mcp.audience.errors import StorageFailed

    try:
        yield
    except StoreError as error:
        raise StorageFailed(str(error)) from error
