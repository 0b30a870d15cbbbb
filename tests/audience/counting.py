"""A kind of job that counts to a number, and jobs in a folder of their own."""

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from flodesk_mcp.audience.job import Commit, Job, Outcome, RunningJob
from flodesk_mcp.audience.job_store import JobStore
from flodesk_mcp.audience.jobs import Jobs
from flodesk_mcp.audience.storage import LocalStorage


class Counting:
    """Counts to `to`, one commit for each number; `before` is told of each first, and may raise."""

    name = "counting"

    def __init__(self, before: Callable[[int], Awaitable[None]] | None = None) -> None:
        self.counted: list[int] = []
        self.discarded: list[str] = []
        self.before = before
        self._reached: dict[int, anyio.Event] = defaultdict(anyio.Event)

    async def reached(self, number: int) -> None:
        """Wait until `number` comes next."""
        await self._reached[number].wait()

    async def run(self, job: RunningJob) -> Mapping[str, Any]:
        to = int(job.arguments["to"])
        for number in range(int(job.cursor.get("counted", 0)) + 1, to + 1):
            self._reached[number].set()
            if self.before is not None:
                await self.before(number)
            self.counted.append(number)
            job.tell(f"Counting {number}", number / to)
            outcome = Outcome(number, "failed", "a@example.com", "odd") if number == 7 else Outcome(number, "written")
            await job.commit(Commit({"counted": number}, rows=to, outcomes=[outcome]))
        return {"counted": to}

    async def discard(self, job: Job) -> None:
        self.discarded.append(job.id)


@asynccontextmanager
async def open_jobs(
    folder: Path, *kinds: Counting, account: str = "an account", now: Callable[[], float] = time.time
) -> AsyncIterator[Jobs]:
    storage = LocalStorage(folder, account)
    try:
        async with anyio.create_task_group() as tasks:
            yield Jobs(JobStore(storage, now), kinds, tasks.start_soon)
            tasks.cancel_scope.cancel()
    finally:
        await storage.aclose()
