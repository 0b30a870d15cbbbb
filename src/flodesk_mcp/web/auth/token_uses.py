"""When tokens were last used, stored beside the requests: none of them waits for it, or fails with it."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from flodesk_mcp.store import StoredTokens, StoreError

__all__ = ["noting_uses"]

NOTED_EVERY_SECONDS = 10
LAST_NOTE_SECONDS = 2

logger = logging.getLogger(__name__)


@asynccontextmanager
async def noting_uses(tokens: StoredTokens) -> AsyncIterator[None]:
    """Store the uses of tokens every few seconds, and once more at the end of the block."""
    async with anyio.create_task_group() as group:
        group.start_soon(_keep_noting, tokens)
        yield
        group.cancel_scope.cancel()
    with anyio.move_on_after(LAST_NOTE_SECONDS):
        await _note(tokens)


async def _keep_noting(tokens: StoredTokens) -> None:
    while True:
        await anyio.sleep(NOTED_EVERY_SECONDS)
        await _note(tokens)


async def _note(tokens: StoredTokens) -> None:
    try:
        await tokens.note_uses()
    except StoreError as error:
        # Only when a token was used last is lost, should the process end before it can be stored.
        logger.warning("The last use of tokens cannot be noted: %s", error, extra={"repeats": "database"})
