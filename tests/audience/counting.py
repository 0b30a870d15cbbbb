"""A kind of job that counts to a number, and jobs in a file of their own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from flodesk_mcp.audience.job import Commit, Job, Outcome, RunningJob
from flodesk_mcp.audience.job_store import JobStore
from flodesk_mcp.audience.job_tables import JOB_TABLES
from flodesk_mcp.audience.jobs import Jobs


class FileStorage:
    is_sqlite = True

    def __init__(self, path: Path) -> None:
        self.engine = create_async_engine(f"sqlite+aiosqlite:///{path}", connect_args={"timeout": 5})

        @event.listens_for(self.engine.sync_engine, "connect")
        def prepare(connection: Any, _: Any) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA journal_mode=WAL")

        @event.listens_for(self.engine.sync_engine, "begin")
        def begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        async with self.engine.begin() as connection:
            yield connection

    writing = reading


class Counting:
    """Counts to `to`, one commit for each number; `before` is told of each first, and may raise."""

    name = "counting"

    def __init__(self, before: Callable[[int], Awaitable[None]] | None = None) -> None:
        self.counted: list[int] = []
        self.discarded: list[str] = []
        self._before = before

    async def run(self, job: RunningJob) -> Mapping[str, Any]:
        to = int(job.arguments["to"])
        for number in range(int(job.cursor.get("counted", 0)) + 1, to + 1):
            if self._before is not None:
                await self._before(number)
            self.counted.append(number)
            job.tell(f"Counting {number}", number / to)
            outcome = Outcome(number, "failed", "a@example.com", "odd") if number == 7 else Outcome(number, "written")
            await job.commit(Commit({"counted": number}, rows=to, outcomes=[outcome]))
        return {"counted": to}

    async def discard(self, job: Job) -> None:
        self.discarded.append(job.id)


@asynccontextmanager
async def open_jobs(
    path: Path, *kinds: Counting, account: str = "an account", now: Callable[[], float] | None = None
) -> AsyncIterator[Jobs]:
    storage = FileStorage(path)
    async with storage.engine.begin() as connection:
        await connection.run_sync(JOB_TABLES.create_all)
    try:
        async with anyio.create_task_group() as tasks:
            store = JobStore(account, storage, now) if now else JobStore(account, storage)
            yield Jobs(store, kinds, tasks.start_soon)
            tasks.cancel_scope.cancel()
    finally:
        await storage.engine.dispose()
