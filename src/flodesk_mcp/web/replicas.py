"""What the replicas of a hosted server share through FLODESK_REDIS_URL; without it this process is the only one.

Quotas, messages, and what may happen only once. Redis's package is imported only where the setting is there.
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from flodesk_mcp.claims import Claims, ClaimsOfProcess
from flodesk_mcp.flodesk import Credential, identity_of
from flodesk_mcp.messages import InProcessMessages, Messages
from flodesk_mcp.quota import Quota, WindowQuota
from flodesk_mcp.settings import SettingsError
from flodesk_mcp.web.keys import derived_key
from flodesk_mcp.web.settings import HostedSettings

if TYPE_CHECKING:
    from flodesk_mcp.quota.redis import RedisMemory
    from flodesk_mcp.redis_link import RedisLink

__all__ = ["Replicas"]

CLAIMS = "flodesk:claim:"


class Replicas:
    """Quotas, messages and claims, shared where there is a Redis to share them through."""

    def __init__(self, settings: HostedSettings) -> None:
        """Raise SettingsError for an address of Redis that is none."""
        self._settings = settings
        self._memory: RedisMemory | None = None
        self.messages: Messages = InProcessMessages()
        if settings.redis_address is not None:
            self._memory = _memory(settings.redis_address)
            from flodesk_mcp.messages.over_redis import RedisMessages

            self.messages = RedisMessages(self._memory.link, settings.redis_address)

    @property
    def are_many(self) -> bool:
        """Whether there may be others."""
        return self._memory is not None

    @property
    def checks(self) -> dict[str, Callable[[], str]]:
        """What keeps this process from serving, by what it is about: nothing where all is well."""
        memory = self._memory
        return {"redis": lambda: memory.problem} if memory else {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Be among them for as long as this is open."""
        async with AsyncExitStack() as opened:
            if self._memory:
                await opened.enter_async_context(self._memory.running())
            await opened.enter_async_context(self.messages.running())
            yield

    def quota(self, identity: str) -> Quota | None:
        """Return the quota of an account that all replicas share; None where each has its own."""
        if self._memory is None:
            return None
        from flodesk_mcp.quota.redis import RedisQuota

        # A sandbox at another address is another account, though it has the same key.
        account = f"{identity} {self._settings.base_url}"
        limits = self._settings.requests_per_minute, self._settings.batches_per_minute
        return RedisQuota(self._memory, account, *limits)

    def provider_quota(self, credential: Credential, name: str, requests: int, seconds: float) -> Quota:
        """Return the quota of another provider's account, of so many requests in so many seconds."""
        if self._memory is None:
            return WindowQuota(requests, requests, minute=seconds)
        from flodesk_mcp.quota.redis import RedisQuota

        key = derived_key(self._settings.encryption_keys, "identity of credentials")
        account = f"{identity_of(credential, key)} {name}"
        return RedisQuota(self._memory, account, requests, requests, minute=seconds)

    def claims(self, purpose: str, seconds: float, most: int) -> Claims:
        """Return claims that hold for `seconds`, of all replicas; where each has its own, of up to `most` names."""
        if self._memory is None:
            return ClaimsOfProcess(seconds, most)
        return _RedisClaims(self._memory.link, f"{CLAIMS}{purpose}:", int(seconds))


class _RedisClaims:
    """Claims of all replicas."""

    def __init__(self, link: "RedisLink", prefix: str, seconds: int) -> None:
        self._link = link
        self._prefix = prefix
        self._seconds = seconds

    async def claim(self, name: str) -> bool:
        from flodesk_mcp.redis_link import RedisLost

        try:
            answer: object = await self._link.ask("SET", self._key(name), 1, "NX", "EX", self._seconds)
        except RedisLost:
            return False
        return answer == b"OK"

    async def is_claimed(self, name: str) -> bool:
        from flodesk_mcp.redis_link import RedisLost

        try:
            return bool(await self._link.ask("EXISTS", self._key(name)))
        except RedisLost:
            return False

    def _key(self, name: str) -> str:
        return self._prefix + hashlib.sha256(name.encode()).hexdigest()[:32]


def _memory(address: str) -> "RedisMemory":
    try:
        from flodesk_mcp.quota.redis import RedisMemory
    except ImportError as error:
        raise SettingsError("FLODESK_REDIS_URL needs the package redis: pip install 'flodesk-mcp[hosted]'.") from error
    try:
        return RedisMemory(address)
    except (ValueError, TypeError):
        raise SettingsError("FLODESK_REDIS_URL must look like redis://host:6379/0 or rediss://...") from None
