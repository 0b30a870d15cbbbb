"""One process of many: it sends what it may until its time is over, and prints how many requests it sent.

Arguments: the sandbox, the folder or the Redis, requests in a window, batches in one, the window, the seconds to go
on, how many calls to make at once, and `job` where they are not those of people. It begins when a line comes on its
standard input.
"""

import sys
from contextlib import AsyncExitStack, nullcontext
from functools import partial
from pathlib import Path

import anyio

from flodesk_mcp.flodesk import ApiKey, FlodeskClient, QuotaExhausted, QuotaNotKnown, wait_deadline
from flodesk_mcp.quota import Quota
from flodesk_mcp.quota.file import FileQuota
from flodesk_mcp.quota.redis import RedisMemory, RedisQuota
from flodesk_mcp.sandbox import SANDBOX_API_KEY

HOUR = 3600


async def main(
    address: str, folder: str, requests: str, batches: str, minute: str, seconds: str, at_once: str, kind: str
) -> None:
    limits = int(requests), int(batches)
    sent = 0

    async def spend(flodesk: FlodeskClient, number: int) -> None:
        nonlocal sent
        call = (
            flodesk.segments.list if number % 5 else partial(flodesk.subscribers.save_batch, [{"email": "a@b.example"}])
        )
        with wait_deadline(HOUR, background=True) if kind == "job" else nullcontext():
            while anyio.current_time() < ends:
                try:
                    await call()
                except QuotaNotKnown:
                    await anyio.sleep(0.05)
                    continue
                except QuotaExhausted:
                    return
                sent += 1

    async with AsyncExitStack() as opened:
        quota: Quota
        if folder.startswith("redis:"):
            memory = RedisMemory(folder, minute=float(minute))
            await opened.enter_async_context(memory.running())
            quota = RedisQuota(memory, "account", *limits, minute=float(minute))
        else:
            quota = FileQuota(Path(folder), lambda key: "account", *limits, minute=float(minute))
        flodesk = await opened.enter_async_context(
            FlodeskClient(ApiKey(SANDBOX_API_KEY), base_url=f"{address}/v1", quota=quota, max_wait_seconds=HOUR)
        )
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        ends = anyio.current_time() + float(seconds)
        with anyio.move_on_after(float(seconds)):
            async with anyio.create_task_group() as tasks:
                for number in range(int(at_once)):
                    tasks.start_soon(spend, flodesk, number)
    sys.stdout.write(f"{sent}\n")


if __name__ == "__main__":
    address, folder, requests, batches, minute, seconds, at_once, kind = [*sys.argv[1:], "people"][:8]
    anyio.run(main, address, folder, requests, batches, minute, seconds, at_once, kind)
