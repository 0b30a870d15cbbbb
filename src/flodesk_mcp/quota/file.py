"""A quota that all processes of a user share: frameworks start one for each call, people run two clients at once."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from operator import attrgetter
from pathlib import Path

from flodesk_mcp.deadline import WaitDeadline
from flodesk_mcp.quota.ledger import MINUTE, Bounds
from flodesk_mcp.quota.pair import MAX_IN_FLIGHT, WindowPair
from flodesk_mcp.quota.protocol import Slot
from flodesk_mcp.quota.shared import SharedState
from flodesk_mcp.quota.shared_window import SharedWindow

__all__ = ["FileQuota"]


class FileQuota(WindowPair):
    """The quota of an account that all processes of this user share through a file in `folder`.

    `name_of` makes the file's name of a key that all of them find there. `minute` is for tests that have no time.
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
    async def slot(self, deadline: WaitDeadline, *, batch: bool = False) -> AsyncIterator[Slot]:
        """Hold what one request needs for as long as it is under way; wait for it in order of arrival.

        Raises QuotaSpent at once when `deadline` does not allow the wait.
        """
        if batch:
            await self._in_all.look()  # a batch that cannot leave in time is refused by what is known
        async with super().slot(deadline, batch=batch) as slot:
            yield slot

    async def whereabouts(self) -> tuple[Path, str]:
        """Look into the file, and return where it is and what is wrong with it, if anything."""
        await self._in_all.look()
        return self._shared.path or self._shared.folder.path, self._shared.problem
