"""Redis for tests on virtual time: its clock is theirs, and it answers when they say, or at once, as it seems."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from pydantic_core import to_json
from redis import Redis

from flodesk_mcp.quota.redis import EPOCH, REPLICAS, _script
from flodesk_mcp.quota.redis_window import Decided

LONG_AGO = 1_000_000.0


class BlockingMemory:
    """What one replica sees of the memory at `url`: the script is the real one.

    What is said, and the answer, take so many `seconds` on their way.
    """

    def __init__(self, url: str, seconds: float = 0.0) -> None:
        self._seconds = seconds
        self.name = secrets.token_hex(8)
        self._redis = Redis.from_url(url)
        self._redis.hset(EPOCH, mapping={"id": "known", "run": "any", "sure_at": "0"})
        self._redis.set(REPLICAS + self.name, 1)
        self._decide = self._redis.register_script(_script("redis_decide.lua"))

    def unused_name(self) -> str:
        return f"test:{secrets.token_hex(8)}"

    def die(self) -> None:
        self._redis.delete(REPLICAS + self.name)

    async def decide(self, window: str, request: dict[str, Any], look: dict[str, Any]) -> Decided:
        await anyio.sleep(self._seconds)
        decided = self._asked(window, {**request, "look": look})
        await anyio.sleep(self._seconds)
        return decided

    def tell(self, window: str, request: dict[str, Any]) -> Callable[[], Awaitable[Decided | None]]:
        decided = self._asked(window, request)

        async def told() -> Decided:
            return decided

        return told

    def refuse(self, window: str, request: dict[str, Any]) -> Callable[[], Awaitable[Decided | None]]:
        async def told() -> None:
            return None

        return told

    def _asked(self, window: str, request: dict[str, Any]) -> Decided:
        now = LONG_AGO + anyio.current_time()
        said = {**request, "me": self.name, "epoch": "known", "replicas": REPLICAS, "now": now}
        answer: Any = self._decide([EPOCH, window], [to_json(said)])
        return Decided.parsed(answer)
