"""A quota that replicas share in a Redis, or Valkey: one script for each decision, by the clock of the server."""

import hashlib
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import resources
from typing import Any

import anyio
from pydantic_core import to_json
from redis.exceptions import NoScriptError

from flodesk_mcp.deadline import WaitDeadline
from flodesk_mcp.quota.ledger import CLOCKS_DIFFER, MINUTE, Bounds
from flodesk_mcp.quota.protocol import QuotaUnknown, Slot
from flodesk_mcp.quota.redis_window import Decided, Memory, RedisWindow
from flodesk_mcp.quota.window import MAX_IN_FLIGHT, WindowPair
from flodesk_mcp.redis_link import PATIENCE_SECONDS, Ask, RedisLink, RedisLost, asked_facts, evicts

__all__ = ["RedisMemory", "RedisQuota"]

EPOCH = "flodesk:quota"
WINDOWS = "flodesk:quota:"
REPLICAS = "flodesk:replica:"
LIVES_SECONDS = 5
"""A replica that has not said so for so long is taken for dead: what it had under way has ended."""

OTHERS_COME_BACK_SECONDS = 1.5
"""Replicas that run find a Redis that was started again within this time, and say that it has forgotten something."""

MOST_TRIES = 3
REDIS = {"repeats": "redis"}

logger = logging.getLogger(__name__)


class RedisQuota(WindowPair):
    """The quota of the account `identity`, which all replicas share. `minute` is for tests."""

    def __init__(
        self,
        memory: Memory,
        identity: str,
        requests_per_minute: int = 100,
        batches_per_minute: int = 20,
        *,
        minute: float = MINUTE,
    ) -> None:
        name = WINDOWS + hashlib.sha256(identity.encode()).hexdigest()[:32]
        requests = Bounds(requests_per_minute, MAX_IN_FLIGHT, minute)
        batches = Bounds(batches_per_minute, batches_per_minute, minute)
        self._in_all = RedisWindow(memory, f"{name}:requests", requests)
        super().__init__(self._in_all, RedisWindow(memory, f"{name}:batches", batches))

    @asynccontextmanager
    async def _slot_of_batch(self, deadline: WaitDeadline) -> AsyncIterator[Slot]:
        await self._in_all.look()  # one that cannot leave in time is refused by what is known
        async with super()._slot_of_batch(deadline) as slot:
            yield slot


class RedisMemory:
    """What a Redis remembers of all accounts' windows, and whether that can be relied on.

    After Redis has lost its memory, nobody sends anything for a minute: who knows what was sent before? A Redis that
    never had any is filled at once, because no replica that runs remembers anything else.
    """

    def __init__(self, url: str, *, minute: float = MINUTE) -> None:
        """Raise ValueError for an address that is none."""
        self.name = secrets.token_hex(8)
        beat = ("SET", REPLICAS + self.name, 1, "EX", LIVES_SECONDS)
        self.link = RedisLink(url, self._introduce, beat)
        self._window = minute + CLOCKS_DIFFER
        self._epoch = ""
        self._known_at = 0.0
        self._sure_at = 0.0
        self._script = b""
        self._turn = anyio.Lock()

    def running(self) -> AbstractAsyncContextManager[None]:
        """Keep a connection to Redis for as long as this is open."""
        return self.link.running()

    @property
    def problem(self) -> str:
        """Why nobody knows now what is left of quotas, or nothing."""
        if self.link.problem:
            return f"Redis cannot be reached: {self.link.problem}"
        if self._sure_at > anyio.current_time():
            return "Redis is new or has lost its memory, and what was sent before still counts"
        return ""

    async def decide(self, window: str, request: dict[str, Any], look: dict[str, Any]) -> Decided:
        """Return what is decided on a request that wants to leave. Raises QuotaUnknown."""
        try:
            for _ in range(MOST_TRIES):
                epoch = self._epoch
                try:
                    answer = await self.link.ask(*self._words(window, {**request, "look": look}))
                except RedisLost as lost:
                    if not isinstance(lost.__cause__, NoScriptError):
                        raise
                    answer = b"lost"
                if answer != b"lost":
                    self._known_at = anyio.current_time()
                    return Decided.parsed(answer)
                await self._introduce_again(epoch)
        except RedisLost as lost:
            raise QuotaUnknown(PATIENCE_SECONDS, in_doubt=lost.in_doubt) from lost
        raise QuotaUnknown(PATIENCE_SECONDS)

    def tell(self, window: str, request: dict[str, Any]) -> Callable[[], Awaitable[Decided | None]]:
        """Say what needs no answer; the function that is returned waits for it all the same."""
        if not self.link.is_up and "ended" not in request:
            return _nothing  # the queue is told again when Redis is back
        self._known_at = anyio.current_time()
        command = self.link.post(*self._words(window, request))

        async def told() -> Decided | None:
            with anyio.move_on_after(PATIENCE_SECONDS):
                await command.answered.wait()
            return Decided.parsed(command.answer) if isinstance(command.answer, list) else None

        return told

    def _words(self, window: str, request: dict[str, Any]) -> tuple[str | bytes | int, ...]:
        said = {**request, "me": self.name, "epoch": self._epoch, "replicas": REPLICAS}
        return "EVALSHA", self._script, 2, EPOCH, window, to_json(said)

    async def _introduce(self, ask: Ask) -> None:
        """Learn which memory this is, and tell which one this replica knew."""
        known = self._epoch if anyio.current_time() - self._known_at < self._window else ""
        facts = await asked_facts(ask)
        if evicts(facts):
            logger.warning("Redis forgets what it has no room for: set its maxmemory-policy to noeviction", extra=REDIS)
        self._script = await ask("SCRIPT", "LOAD", _script("redis_decide.lua"))
        told = (facts.get("run_id", ""), known, secrets.token_hex(8), self._window, OTHERS_COME_BACK_SECONDS)
        epoch, sure_in = await ask("EVAL", _script("redis_epoch.lua"), 1, EPOCH, *told)
        now = anyio.current_time()
        self._epoch, self._known_at, self._sure_at = epoch.decode(), now, now + float(sure_in)
        if known and known != self._epoch:
            logger.warning("Redis has lost its memory: no request leaves for a minute", extra=REDIS)

    async def _introduce_again(self, epoch: str) -> None:
        """Do so on the connection that stands, because Redis no longer knows `epoch`. Raises RedisLost."""
        async with self._turn:
            if self._epoch == epoch:
                await self._introduce(self.link.ask)


async def _nothing() -> None:
    return None


def _script(name: str) -> str:
    return resources.files("flodesk_mcp.quota").joinpath(name).read_text(encoding="utf-8")
