"""One account's state in a file, and how a process changes it: alone in the folder, and for an instant."""

import logging
import random
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import TypeVar

import anyio

from flodesk_mcp.quota.folder import LockHeld, MeetingFolder, replace
from flodesk_mcp.quota.state import State, parsed, written

__all__ = ["SharedState"]

logger = logging.getLogger(__name__)
T = TypeVar("T")

LOCK_PATIENCE = 2.0
"""Whoever holds the lock for longer was stopped in the middle."""

BURIED_EVERY = 0.25
MOST_BYTES = 2**20


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
        self._content = b""
        self._alone_since: float | None = None
        self._alone_until = 0.0
        self._buried_at = -inf

    @property
    def me(self) -> str:
        """The name of this process among the others."""
        return self.folder.me

    async def change(self, change: Callable[[State], T]) -> T:
        """Return what `change` returns, which may change the state. Waits only while others do the same."""
        gives_up = anyio.current_time() + LOCK_PATIENCE
        while anyio.current_time() >= self._alone_until:
            try:
                return self._changed(change)
            except LockHeld:
                if anyio.current_time() >= gives_up:
                    self._go_alone("another process holds its lock")
                else:
                    await anyio.sleep(random.uniform(0.0005, 0.005))  # noqa: S311 - spreads attempts, no secret
            except OSError as error:
                self._go_alone(_reason(error))
        return change(self.known)

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

    def _changed(self, change: Callable[[State], T]) -> T:
        with self.folder.locked():
            first = self.path is None
            if self.path is None:
                self.path = self.folder.path / f"{self._name_of(self.folder.key())}.json"
            state = self._read(self.path)
            if self._alone_since is not None:
                state.take_over(self.known, self.me, self._alone_since)
                self._alone_since = None
            if first:
                self.bury_the_dead(state)
            self.known = state
            result = change(state)
            state.seen[self.me] = state.written_at = anyio.current_time()
            content = written(state)
            try:
                replace(self.path, content)
            except OSError as error:
                self._go_alone(_reason(error))  # what was changed holds for this process
            else:
                self._content = content
            return result

    def _read(self, path: Path) -> State:
        now = anyio.current_time()
        try:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES)  # and of a longer one, a beginning that is no JSON
            if content == self._content:
                return self.known
            return parsed(content, now)
        except FileNotFoundError:
            return self.known.only_of(self.me, now)
        except ValueError:
            self._say("it was damaged, and is written anew")
            return self.known.only_of(self.me, now)

    def _go_alone(self, reason: str) -> None:
        self._say(reason)
        now = anyio.current_time()
        self._alone_until = now + self._minute
        self._content = b""
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
