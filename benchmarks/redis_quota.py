"""What a place in a quota costs that replicas share in a Redis on this machine, with few accounts and with many."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import anyio

from benchmarks.measure import Measure
from deploy.programs import NotInstalled, Redis, free_port, running
from flodesk_mcp.deadline import WaitDeadline
from flodesk_mcp.quota import Quota
from flodesk_mcp.quota.redis import RedisMemory, RedisQuota

__all__ = ["measure_redis_quota"]

FEW, MANY = 10, 10_000
REQUESTS_BEFORE = 1
AT_ONCE = 20
TURNS, OF_SEVERAL = 60, 20
MOST_MILLISECONDS = 1.0
NO_SLOWER = 1.1
"""Two medians of the same differ by so much on a machine that does other things, too."""


async def measure_redis_quota() -> list[Measure]:
    """Return the measures; none where there is no Redis."""
    try:
        async with AsyncExitStack() as opened:
            few = await opened.enter_async_context(_accounts(FEW))
            many = await opened.enter_async_context(_accounts(MANY))
            pairs = []
            for turn in range(TURNS):  # now one first, now the other
                first, second = (many, few) if turn % 2 else (few, many)
                taken = await _milliseconds(first), await _milliseconds(second)
                pairs.append(taken if turn % 2 else taken[::-1])
    except NotInstalled as missing:
        print(f"{missing}: the quota of replicas was left out")
        return []
    return [
        Measure(
            "A place in a quota in Redis, taken and given back, against 1 ms",
            "ms",
            [(ours, MOST_MILLISECONDS) for _, ours in pairs],
            bound=1.0,
        ),
        Measure(f"The same with {MANY:,} accounts, against {FEW}", "ms", pairs, bound=NO_SLOWER),
    ]


@asynccontextmanager
async def _accounts(number: int) -> AsyncIterator[Sequence[Quota]]:
    """Open a Redis that remembers some requests of so many accounts; return their quotas."""
    with TemporaryDirectory() as folder:
        redis = Redis(Path(folder), free_port())
        with running(redis):
            memory = RedisMemory(redis.url)
            async with memory.running():
                await memory.link.ask("PING")
                quotas = [RedisQuota(memory, f"account {index}") for index in range(number)]
                async with anyio.create_task_group() as tasks:
                    for first in range(min(AT_ONCE, number)):
                        tasks.start_soon(_spend, quotas[first::AT_ONCE])
                yield quotas


async def _spend(quotas: Sequence[Quota]) -> None:
    for quota in quotas:
        for _ in range(REQUESTS_BEFORE):
            async with quota.slot(WaitDeadline(inf)):
                pass


async def _milliseconds(quotas: Sequence[Quota]) -> float:
    """Return what a place takes that is given back at once: of several the one that the machine disturbed least."""
    return min([await _one(quotas) for _ in range(OF_SEVERAL)])


async def _one(quotas: Sequence[Quota]) -> float:
    quota = random.choice(quotas)  # noqa: S311 - any will do
    began = perf_counter()
    async with quota.slot(WaitDeadline(inf)) as slot:
        slot.sent = False
    return (perf_counter() - began) * 1000
