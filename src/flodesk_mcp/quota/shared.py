"""One account's state in a file, and how a process changes it: alone in the folder, and for an instant."""

import logging
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path

import anyio

from flodesk_mcp.quota.folder import LockHeld, MeetingFolder, open_private
from flodesk_mcp.quota.record import Record
from flodesk_mcp.quota.state import State, parsed, prepare, written

__all__ = ["SharedState"]

logger = logging.getLogger(__name__)

LOCK_PATIENCE = 5.0
"""Whoever holds the lock for longer, which takes a fraction of a millisecond, was stopped in the middle."""

BURIED_EVERY = 0.25


@dataclass(eq=False)
class _Wish:
    """A change that somebody waits for."""

    change: Callable[[State], None]
    done: bool = False


class SharedState:
    """What all processes know together; `known` is what this one saw last.

    When the file cannot be used, that is said once, and this process goes on by itself, for a minute at least.
    `name_of` makes the file's name of the folder's key.
    """

    def __init__(self, folder: Path, name_of: Callable[[bytes], str], minute: float) -> None:
        self.folder = MeetingFolder(folder)
        self.known = State()
        self.path: Path | None = None
        self.problem = ""
        self._name_of = name_of
        self._minute = minute
        self._record = Record()
        self._alone_since: float | None = None
        self._alone_until = 0.0
        self._buried_at = -inf
        self._wishes: list[_Wish] = []
        self._turn = anyio.Lock(fast_acquire=True)
        prepare()  # not while the lock is held

    @property
    def me(self) -> str:
        """The name of this process among the others."""
        return self.folder.me

    async def change(self, change: Callable[[State], None]) -> None:
        """Let `change` change the state, as soon as no other process does. It may have run even when this is cancelled.

        All that tasks of this process want meanwhile is done at once.
        """
        wish = _Wish(change)
        self._wishes.append(wish)
        try:
            async with self._turn:
                if not wish.done:
                    await self._fulfil()
        finally:
            if not wish.done:
                self._wishes.remove(wish)

    async def _fulfil(self) -> None:
        held = 0
        gives_up = anyio.current_time() + LOCK_PATIENCE
        while anyio.current_time() >= self._alone_until:
            try:
                self._fulfil_together()
            except LockHeld:
                if (now_held := self.folder.last_locked_at()) != held:  # no queue is fair, but it moves
                    held, gives_up = now_held, anyio.current_time() + LOCK_PATIENCE
                if anyio.current_time() >= gives_up:
                    self._go_alone("another process holds its lock")
                else:
                    await anyio.sleep(random.uniform(0.0005, 0.005))  # noqa: S311 - spreads attempts, no secret
            except OSError as error:
                self._go_alone(_reason(error))
            else:
                return
        self._fulfil_all(self.known)

    def bury_the_dead(self, state: State) -> bool:
        """End what dead processes have left in `state`, and return True, unless that was done just now.

        Only within a change.
        """
        now = anyio.current_time()
        if self._alone_since is not None or now < self._buried_at + BURIED_EVERY:
            return False
        self._buried_at = now
        state.bury(self.folder.is_alive, self._minute / 2, now)
        return True

    def _fulfil_all(self, state: State) -> None:
        while self._wishes:
            wish = self._wishes.pop(0)
            wish.done = True
            wish.change(state)

    def _fulfil_together(self) -> None:
        with self.folder.locked():
            first = self.path is None
            if self.path is None:
                self.path = self.folder.path / f"{self._name_of(self.folder.key())}.quota"
            descriptor = open_private(self.path, os.O_RDWR | os.O_CREAT)
            try:
                alone, self.known = self.known, self._read(descriptor)
                state = self.known
                if self._alone_since is not None and state is not alone:
                    state.take_over(alone, self.me, self._alone_since)
                self._alone_since = None
                if first:
                    self.bury_the_dead(state)
                self._fulfil_all(state)
                state.seen[self.me] = state.written_at = anyio.current_time()
                self._record.write(descriptor, written(state))
            finally:
                os.close(descriptor)

    def _read(self, descriptor: int) -> State:
        now = anyio.current_time()
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
            where = self.path or self.folder.path
            logger.warning("The quota in %s: %s. For a while this process counts for itself.", where, problem)
        self.problem = problem


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
