"""Work on the database that is done beside the requests: none of them waits for it, or fails with it."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio

from flodesk_mcp.store import StoreError, Uses

__all__ = ["noting_uses", "repeating"]

NOTED_EVERY_SECONDS = 10
LAST_TIME_SECONDS = 2

Work = Callable[[], Awaitable[None]]

logger = logging.getLogger(__name__)


@asynccontextmanager
async def noting_uses(*uses: Uses) -> AsyncIterator[None]:
    """Store when tokens were last used every few seconds, and once more at the end of the block."""

    async def note() -> None:
        for used in uses:
            await used.store()

    # Only when a token was used last is lost, should the process end before it can be stored.
    failing = "The last use of tokens cannot be noted: %s"
    async with repeating(note, NOTED_EVERY_SECONDS, failing):
        yield
    with anyio.move_on_after(LAST_TIME_SECONDS):
        await _do(note, failing)


@asynccontextmanager
async def repeating(work: Work, seconds: float, failing: str) -> AsyncIterator[None]:
    """Do `work` every few seconds until the block ends. When the database fails, the log says what is `failing`."""
    async with anyio.create_task_group() as group:
        group.start_soon(_repeat, work, seconds, failing)
        yield
        group.cancel_scope.cancel()


async def _repeat(work: Work, seconds: float, failing: str) -> None:
    while True:
        await anyio.sleep(seconds)
        await _do(work, failing)


async def _do(work: Work, failing: str) -> None:
    try:
        await work()
    except StoreError as error:
        logger.warning(failing, error, extra={"repeats": "database"})
