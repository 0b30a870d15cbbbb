"""Where a login keeps its tokens, for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from flodesk_mcp.flodesk import NotRenewed
from flodesk_mcp.token_pair import TokenPair


class Kept:
    """Tokens in memory, as several processes would find them in a database."""

    def __init__(self, pair: TokenPair) -> None:
        self.pair = pair
        self.ended = False
        self.fails = 0
        self._lock = anyio.Lock()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        async with self._lock:
            yield

    async def read(self) -> TokenPair | None:
        return None if self.ended else self.pair

    async def replace(self, used: TokenPair, new: TokenPair) -> TokenPair:
        await anyio.sleep(0.1)
        if self.fails:
            self.fails -= 1
            raise NotRenewed("The database is locked.")
        if self.pair == used:
            self.pair, self.ended = new, False
        return self.pair

    async def give_up(self, used: TokenPair) -> None:
        self.ended = self.pair == used
