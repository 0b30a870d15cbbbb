"""A quota that all processes of a user share: frameworks start one for each call, people run two clients at once."""

import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from math import inf
from operator import attrgetter
from pathlib import Path

import anyio

from flodesk_mcp.deadline import WaitDeadline
from flodesk_mcp.quota.folder import LockHeld, MeetingFolder, locked
from flodesk_mcp.quota.ledger import MINUTE, Bounds
from flodesk_mcp.quota.protocol import Slot
from flodesk_mcp.quota.record import Record
from flodesk_mcp.quota.shared_window import SharedWindow
from flodesk_mcp.quota.state import State, parsed, prepare, written
from flodesk_mcp.quota.window import MAX_IN_FLIGHT, WindowPair

__all__ = ["FileQuota"]

logger = logging.getLogger(__name__)

LOCK_PATIENCE = 5.0
"""Whoever holds the lock for longer, which takes a fraction of a millisecond, was stopped in the middle."""

BURIED_EVERY = 0.25


class FileQuota(WindowPair):
    """The quota of an account that all processes of this user share through a file in `folder`.

    `name_of` makes the file's name of a key that all of them find there. Its `minute` is as long as the
    service says.
    """

    def __init__(
        self,
        folder: Path,
        name_of: Callable[[bytes], str],
        requests_per_minute: int = 100,
        batches_per_minute: int = 20,
        *,
        minute: float = MINUTE,
    ) -> None:
        self._shared = SharedState(folder, name_of, minute)
        requests = Bounds(requests_per_minute, MAX_IN_FLIGHT, minute)
        batches = Bounds(batches_per_minute, batches_per_minute, minute)
        self._in_all = SharedWindow(self._shared, attrgetter("requests"), requests)
        super().__init__(self._in_all, SharedWindow(self._shared, attrgetter("batches"), batches))

    @asynccontextmanager
    async def _slot_of_batch(self, deadline: WaitDeadline) -> AsyncIterator[Slot]:
        await self._in_all.look()  # one that cannot leave in time is refused by what is known
        async with super()._slot_of_batch(deadline) as slot:
            yield slot

    async def whereabouts(self) -> tuple[Path, str]:
        """Look into the file, and return where it is and what is wrong with it, if anything."""
        await self._in_all.look()
        return self._shared.place, self._shared.problem


class SharedState:
    """What all processes know together, as it stands in the file. A process changes it alone, and for an instant.

    `known` is what this process, `me`, saw last. When the file cannot be used, that is said once, and this process
    goes on by itself, for a minute at least.
    """

    def __init__(self, folder: Path, name_of: Callable[[bytes], str], minute: float) -> None:
        self.known = State()
        self.problem = ""
        self._folder = MeetingFolder(folder)
        self.me = self._folder.me
        self._path: Path | None = None
        self._name_of = name_of
        self._minute = minute
        self._record = Record()
        self._alone_since: float | None = None
        self._alone_until = 0.0
        self._buried_at = -inf
        self._changes: list[Callable[[State], None]] = []
        self._turn = anyio.Lock(fast_acquire=True)
        prepare()  # not while the lock is held

    @property
    def place(self) -> Path:
        """The file, or the folder where it will be."""
        return self._path or self._folder.path

    async def change(self, change: Callable[[State], None]) -> None:
        """Let `change` change the state, as soon as no other process does. It may have run even when this is cancelled.

        All that tasks of this process want meanwhile is done at once.
        """
        self._changes.append(change)
        try:
            async with self._turn:
                if change in self._changes:
                    await self._change_all()
        finally:
            if change in self._changes:
                self._changes.remove(change)

    def bury_the_dead(self, state: State) -> bool:
        """End what dead processes have left in `state`, and return True, unless that was done just now.

        Only within a change.
        """
        now = anyio.current_time()
        if self._alone_since is not None or now < self._buried_at + BURIED_EVERY:
            return False
        self._buried_at = now
        state.bury(self._folder.is_alive, self._minute / 2, now)
        return True

    async def _change_all(self) -> None:
        held, gives_up = -1, inf
        while (now := anyio.current_time()) >= self._alone_until:
            try:
                self._change_together(now)
            except LockHeld:
                if (now_held := self._changed_at()) != held:  # no queue is fair, but it moves
                    held, gives_up = now_held, now + LOCK_PATIENCE
                if now >= gives_up:
                    self._go_alone("another process holds its lock")
                else:
                    await anyio.sleep(random.uniform(0.0005, 0.005))  # noqa: S311 - spreads attempts, no secret
            except OSError as error:
                self._go_alone(error.strerror or str(error) or type(error).__name__)
            else:
                return
        self._make_changes(self.known)

    def _change_together(self, now: float) -> None:
        """Make the changes in the file. Raises LockHeld to be called again, OSError when the file cannot be used."""
        is_new = self._path is None
        if self._path is None:
            with self._folder.locked():
                self._folder.join()
                self._path = self._folder.path / f"{self._name_of(self._folder.key())}.quota"
        try:
            with locked(self._path) as descriptor:
                alone, self.known = self.known, self._read(descriptor, now)
                if self._alone_since is not None and self.known is not alone:
                    self.known.take_over(alone, self.me, self._alone_since)
                self._alone_since = None
                if is_new:
                    self.bury_the_dead(self.known)
                self._make_changes(self.known)
                self.known.seen[self.me] = self.known.written_at = now
                self._record.write(descriptor, written(self.known))
        except FileNotFoundError:  # somebody removed the folder
            self._path = None
            raise LockHeld from None

    def _make_changes(self, state: State) -> None:
        while self._changes:
            self._changes.pop(0)(state)

    def _changed_at(self) -> int:
        """Return a number that changes with whoever gets the lock; 0 where that cannot be seen."""
        try:
            return self.place.stat().st_mtime_ns
        except OSError:
            return 0

    def _read(self, descriptor: int, now: float) -> State:
        try:
            content = self._record.read(descriptor)
            if content is None:
                return self.known
            return parsed(content, now) if content else self.known.only_of(self.me, now)
        except ValueError:
            self._say("it was damaged, and is written anew")
            return self.known.only_of(self.me, now)

    def _go_alone(self, reason: str) -> None:
        self._say(reason)
        now = anyio.current_time()
        self._alone_until = now + self._minute
        self._record.forget()
        if self._alone_since is None:
            self._alone_since = now
            self.known.only_of(self.me, now)

    def _say(self, problem: str) -> None:
        if not self.problem:
            logger.warning("The quota in %s: %s. For a while this process counts for itself.", self.place, problem)
        self.problem = problem
