"""Keeping the mirror fresh for calls that cannot wait: what takes longer goes on without them."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import ceil, inf

import anyio

from flodesk_mcp.audience.errors import StillReading
from flodesk_mcp.audience.jobs import Spawn
from flodesk_mcp.audience.mirror import Freshness, Mirror
from flodesk_mcp.audience.reading import SMALL
from flodesk_mcp.deadline import patience, waiting
from flodesk_mcp.flodesk import FlodeskError

__all__ = ["Upkeep"]

logger = logging.getLogger(__name__)

FRESH_SECONDS = 300
WHOLE_SECONDS = 24 * 3600
"""How old the last whole reading may be before another one begins, of which no call waits for the end."""

MOST_SECONDS = 20.0
"""What a call waits for: hosts cut calls, and a tool that is cut tells nothing."""

PEOPLE_PER_SECOND = 150
"""What a quota of 100 requests a minute allows."""


@dataclass(eq=False)
class _Refresh:
    whole: bool
    ended: anyio.Event = field(default_factory=anyio.Event)
    error: FlodeskError | None = None


class Upkeep:
    """Refreshes one mirror, once for all who want it at the same time.

    `spawn` runs what outlives a call; without it, calls wait to the end.
    """

    def __init__(self, mirror: Mirror, spawn: Spawn | None, clock: Callable[[], float]) -> None:
        self._mirror = mirror
        self._spawn = spawn
        self._clock = clock
        self._ongoing: _Refresh | None = None

    async def refresh(self, *, at_once: bool = False, seconds: float = MOST_SECONDS) -> Freshness:
        """Refresh a mirror that is older than five minutes, or read everybody `at_once`; return how fresh it is then.

        Waits no longer than the call may, and than `seconds`. Then an older mirror has to do; where there is none,
        StillReading is raised. Raises FlodeskError for a refresh that failed.
        """
        seconds = min(patience(), seconds) if self._spawn else inf
        if at_once or not self._is_fresh(status := await self._mirror.freshness()):
            ongoing = await self._begun(whole=at_once)
            if at_once or not _is_read_anew(status):
                await self._wait_for(ongoing, seconds)
            status = await self._mirror.freshness()
        if status.checked_at is None:
            raise _still_reading(status)
        if status.whole_at is not None and self._clock() - status.whole_at > WHOLE_SECONDS:
            await self._begun(whole=True)
        return status

    async def reading(self) -> StillReading | None:
        """Return how far the list is read, if it was never read to its end."""
        status = await self._mirror.freshness()
        return _still_reading(status) if status.checked_at is None else None

    def _is_fresh(self, status: Freshness) -> bool:
        return status.checked_at is not None and self._clock() - status.checked_at <= FRESH_SECONDS

    async def _begun(self, *, whole: bool) -> _Refresh:
        ongoing = self._ongoing
        if ongoing is None or (whole and not ongoing.whole):
            self._ongoing = ongoing = _Refresh(whole)
            if self._spawn:
                self._spawn(partial(self._run, ongoing))
            else:
                await self._run(ongoing)
        return ongoing

    async def _wait_for(self, ongoing: _Refresh, seconds: float) -> None:
        async with waiting(seconds):
            with anyio.move_on_after(seconds):
                await ongoing.ended.wait()
        if ongoing.error is not None:
            raise ongoing.error

    async def _run(self, refresh: _Refresh) -> None:
        try:
            await self._mirror.refresh(0 if refresh.whole else FRESH_SECONDS, whole=refresh.whole)
        except FlodeskError as error:
            refresh.error = error  # for who waits; if nobody does, the next call tries again
        except Exception as error:
            logger.exception("The mirror could not be refreshed")
            refresh.error = FlodeskError(f"The list could not be read ({type(error).__name__}): see the server's log.")
        finally:
            if self._ongoing is refresh:
                self._ongoing = None
            refresh.ended.set()


def _still_reading(known: Freshness) -> StillReading:
    done, total = known.reading or 0, known.total or 0
    return StillReading(done, total, max(ceil((total - done) / PEOPLE_PER_SECOND), 5))


def _is_read_anew(known: Freshness) -> bool:
    """Tell whether there is a mirror to be searched while a long list is read once more, which takes many minutes."""
    return known.checked_at is not None and known.reading is not None and (known.total or 0) > SMALL
