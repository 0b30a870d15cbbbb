"""The whole lists of hosted accounts: one mirror for each, all of them forgotten when nobody uses them."""

import hashlib
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from flodesk_mcp.callers.background import Background
from flodesk_mcp.flodesk import FlodeskClient, FlodeskError, Subscriber
from flodesk_mcp.web.settings import HostedSettings

if TYPE_CHECKING:
    from flodesk_mcp.audience.audience import Audience
    from flodesk_mcp.audience.job_store import JobStore
    from flodesk_mcp.audience.storage import Storage
    from flodesk_mcp.store import Database

__all__ = ["Audiences"]

logger = logging.getLogger(__name__)

MOST_OPEN = 100
Account = tuple[str, Callable[[], FlodeskClient]]
DAY = 24 * 3600


class Audiences:
    """Opens the audience of an account when a call works on its whole list, and keeps it open for the next."""

    def __init__(self, settings: HostedSettings, *, keeps_state: bool | None = None) -> None:
        """Take whether accounts are in the database: by default, what serving with `settings` would mean."""
        self._settings = settings
        self._keeps_state = settings.keeps_state if keeps_state is None else keeps_state
        self._open: OrderedDict[str, Audience] = OrderedDict()
        self._database: Database | None = None
        self.background = Background()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let audiences be opened within the block."""
        async with self.background.running():
            self.background.spawn(self._forget_daily)
            yield
        await self.aclose()

    def audience(self, identity: str, flodesk: FlodeskClient) -> "Audience":
        """Return the audience of an account, whose client is `flodesk` now."""
        from flodesk_mcp.audience.audience import Audience  # with the first call that works on it: it takes time

        known = self._open.get(identity)
        if known is None or known.flodesk is not flodesk:
            storage = known.storage if known else self._storage(identity)
            self._open[identity] = known = Audience(flodesk, storage, spawn=self.background.spawn)
            self.background.spawn(known.resume)
        self._open.move_to_end(identity)
        if len(self._open) > MOST_OPEN:
            self.background.spawn(self._open.popitem(last=False)[1].aclose)
        return known

    async def go_on_with_jobs(self, accounts: Callable[[], Awaitable[Iterable[Account]]]) -> None:
        """Go on with the jobs that another process left, of those accounts; of each its identity, and what opens it.

        Where accounts are in files, those are of an earlier process alone. Raises AudienceError.
        """
        if self.are_shared:
            from flodesk_mcp.audience.database_storage import accounts_with_abandoned_jobs

            abandoned = await accounts_with_abandoned_jobs(self._opened_database(), time.time())
            for identity, flodesk in await accounts() if abandoned else ():
                if self.name_of(identity) in abandoned:
                    self.audience(identity, flodesk()).jobs.resume()
            return
        for identity, flodesk in await accounts():
            if await self._has_unfinished_jobs(identity):
                self.audience(identity, flodesk())

    async def _has_unfinished_jobs(self, identity: str) -> bool:
        if not self.may_have_any or identity in self._open:
            return False
        async with self.jobs_of(identity) as jobs:
            return jobs is not None and bool(await jobs.unfinished())

    async def erase(self, identity: str) -> None:
        """Delete everything that is kept of the list of an account. Raises AudienceError, OSError."""
        known = self._open.pop(identity, None)
        await (known.storage if known else self._storage(identity)).erase()

    async def aclose(self) -> None:
        """Close what is open."""
        for audience in self._open.values():
            await audience.aclose()
        if self._database:
            await self._database.aclose()

    async def unfinished_jobs(self) -> dict[str, int]:
        """Return how many jobs wait and run: of all accounts in PostgreSQL, else of those in use here.

        Raises AudienceError.
        """
        if self.are_shared:
            from flodesk_mcp.audience.database_storage import unfinished_jobs

            return await unfinished_jobs(self._opened_database())
        found: Counter[str] = Counter()
        for identity in list(self._open):
            async with self.jobs_of(identity) as jobs:
                found.update([job.state for job in await jobs.latest()] if jobs else [])
        return found

    @asynccontextmanager
    async def jobs_of(self, identity: str) -> "AsyncIterator[JobStore | None]":
        """Open the jobs of an account, None where it has none, without anything that opens the account at Flodesk."""
        from flodesk_mcp.audience.job_store import JobStore

        known = self._open.get(identity)
        storage = known.storage if known else self._storage(identity)
        try:
            yield JobStore(storage) if storage.has_jobs() else None
        finally:
            if known is None:
                await storage.aclose()

    def listen_to(self, identity: str, flodesk: FlodeskClient) -> FlodeskClient:
        """Let what `flodesk` is answered of people reach the mirror of the account; return it."""
        flodesk.subscribers.listener = partial(self._note, identity, flodesk)
        return flodesk

    async def _note(self, identity: str, flodesk: FlodeskClient, seen: Sequence[Subscriber]) -> None:
        if identity in self._open or self.may_have_any:
            try:
                await self.audience(identity, flodesk).mirror.note(*seen)
            except FlodeskError as error:  # the write itself succeeded
                logger.warning("A mirror missed a write: %s", error)

    @property
    def may_have_any(self) -> bool:
        """Whether mirrors or jobs of any account may be stored."""
        folder = self.folder
        return self.are_shared or bool(folder and (folder / "audience").is_dir())

    def name_of(self, identity: str) -> str:
        """Return what an account is called in files and tables."""
        # A sandbox at another address is another account, though it has the same key.
        return hashlib.sha256(f"{identity} {self._settings.base_url}".encode()).hexdigest()

    def _storage(self, identity: str) -> "Storage":
        from flodesk_mcp.audience.storage import LocalStorage

        name = self.name_of(identity)
        if self.are_shared:
            from flodesk_mcp.audience.database_storage import DatabaseStorage

            return DatabaseStorage(self._opened_database(), name)
        return LocalStorage(self.folder, name)

    def _opened_database(self) -> "Database":
        from flodesk_mcp.store import Database

        if self._database is None:
            self._database = Database(self._settings.database_address)
        return self._database

    @property
    def _is_lasting(self) -> bool:
        """Whether accounts have an identity that outlives this process."""
        return self._settings.encryption_keys is not None and not self._settings.sandbox

    @property
    def are_shared(self) -> bool:
        """Whether other processes may work on the same lists."""
        address = self._settings.database_address or ""
        return self._is_lasting and self._keeps_state and address.startswith("postgres")

    @property
    def folder(self) -> Path | None:
        """Where the files of accounts are: beside the database; None for memory."""
        if not self._is_lasting:
            return None
        address = self._settings.database_address or ""
        path = address.partition("://")[2].partition("?")[0].removeprefix("/")
        return Path(path).parent if self._keeps_state and path else self._settings.data_folder

    async def _forget_daily(self) -> None:
        while True:
            try:
                await self.forget_over(time.time())
            except (FlodeskError, OSError) as error:
                logger.warning("What is over could not be forgotten: %s", error)
            await anyio.sleep(DAY)

    async def forget_over(self, now: float) -> None:
        """Forget mirrors that nobody used, and jobs and plans whose time is over. Raises AudienceError, OSError."""
        before = now - self._settings.mirror_days * DAY
        if self.are_shared:
            from flodesk_mcp.audience.database_storage import forget_over, forget_unused

            await forget_unused(self._opened_database(), before)
            await forget_over(self._opened_database(), now)
        elif self.folder and (self.folder / "audience").is_dir():
            from flodesk_mcp.audience.forgetting import forget_unused_files
            from flodesk_mcp.audience.over import forget_over_files

            forget_unused_files(self.folder, before)
            await forget_over_files(self.folder, now)
