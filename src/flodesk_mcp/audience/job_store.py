"""Jobs in the database: each change of one is a transaction, which only who has the job can make."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
from sqlalchemy import Row, delete, select, update

from flodesk_mcp.audience.errors import JobTaken, NoSuchJob
from flodesk_mcp.audience.job import ENDED, Commit, Job, Outcome, State
from flodesk_mcp.audience.job_tables import job_parts, job_rows, jobs
from flodesk_mcp.audience.lease import LEASE_SECONDS, has_died
from flodesk_mcp.audience.rows import Work
from flodesk_mcp.audience.storage import Storage

__all__ = ["KEPT_SECONDS", "PARTS_KEPT_SECONDS", "UNFINISHED", "JobStore", "forget_ended"]

DAY = 86_400
KEPT_SECONDS = 30 * DAY
"""How long an ended job is remembered, with what became of each row."""

PARTS_KEPT_SECONDS = 7 * DAY
"""How long an export is kept that was not written to a file: it holds everybody's data."""

MOST_PROBLEMS = 20
UNFINISHED: tuple[State, ...] = ("waiting", "running")

_SHOWN = [jobs.c[name] for name in Job.__slots__]


class JobStore:
    """The jobs of one account, wherever they are kept."""

    def __init__(self, storage: Storage, now: Callable[[], float] = time.time) -> None:
        """Take the account's storage; `now` tells the time in seconds since 1970."""
        self._storage = storage
        self.now = now

    async def add(self, id: str, kind: str, arguments: Mapping[str, Any]) -> Job:
        """Put a new job behind those that wait, and forget those that ended long ago."""
        now = self.now()
        row = {
            "id": id,
            "kind": kind,
            "state": "waiting",
            "arguments": dict(arguments),
            "cursor": {},
            "written": 0,
            "failed": 0,
            "skipped": 0,
            "created_at": now,
            "progress": 0.0,
            "stopping": False,
            "lease_until": 0.0,
        }
        async with self._writing() as work:
            await forget_ended(work, now)
            await work.put(jobs, [row])
        return await self.get(id)

    async def get(self, id: str) -> Job:
        """Return a job as it was last recorded. Raises NoSuchJob, for the job of another account as well."""
        async with self._reading() as work:
            row = await work.first(select(*_SHOWN).where(jobs.c.id == id))
        if row is None:
            raise NoSuchJob
        return _job(row)

    async def latest(self, most: int = 20) -> list[Job]:
        """Return the jobs that began last, the newest first."""
        query = select(*_SHOWN).order_by(jobs.c.created_at.desc(), jobs.c.id).limit(most)
        async with self._reading() as work:
            return [_job(row) for row in await work.all(query)]

    async def unfinished(self) -> list[str]:
        """Return the ids of the jobs that wait or run, in whatever process, the oldest first."""
        query = select(jobs.c.id).where(jobs.c.state.in_(UNFINISHED)).order_by(jobs.c.created_at, jobs.c.id)
        async with self._reading() as work:
            return [row.id for row in await work.all(query)]

    async def restart_failed(self) -> None:
        """Put the jobs that failed back among those that wait: each goes on where it stopped."""
        again = {"state": "waiting", "problem": None, "ended_at": None, "stopping": False}
        async with self._writing() as work:
            await work.change(update(jobs).where(jobs.c.state == "failed").values(again))

    def turn(self) -> AbstractAsyncContextManager[bool]:
        """Hold the account's turn for a block; it gets whether nobody else has it. See `Storage.turn`."""
        return self._storage.turn()

    async def take(self, owner: str) -> Job | None:
        """Make the oldest unfinished job that of `owner`, and return it; None if there is none, or another has one."""
        now = self.now()
        query = select(jobs.c.id, jobs.c.owner, jobs.c.lease_until, jobs.c.began_at)
        async with self._writing() as work:
            found = await work.all(query.where(jobs.c.state.in_(UNFINISHED)).order_by(jobs.c.created_at, jobs.c.id))
            if not found or any(_is_held(row, owner, now) for row in found):
                return None
            taken = {
                "state": "running",
                "owner": owner,
                "lease_until": now + LEASE_SECONDS,
                "began_at": found[0].began_at or now,
                "problem": None,
            }
            await work.change(update(jobs).where(jobs.c.id == found[0].id).values(taken))
        return await self.get(found[0].id)

    async def renew(self, id: str, owner: str, **told: Any) -> bool:
        """Keep the job for another while, record what is `told`, and return whether somebody stopped it.

        Raises JobTaken.
        """
        async with self._writing() as work:
            return await _change(work, id, owner, told | {"lease_until": self.now() + LEASE_SECONDS})

    async def commit(self, id: str, owner: str, commit: Commit) -> bool:
        """Record all of `commit`, or nothing, and return whether somebody stopped the job. Raises JobTaken."""
        counts = Counter("written" if row.outcome == "unchanged" else row.outcome for row in commit.outcomes)
        changed: dict[str, Any] = {
            "cursor": dict(commit.cursor),
            "lease_until": self.now() + LEASE_SECONDS,
            "written": jobs.c.written + commit.written + counts["written"],
            "failed": jobs.c.failed + counts["failed"],
            "skipped": jobs.c.skipped + counts["skipped"],
        }
        if commit.rows is not None:
            changed["rows"] = commit.rows
        rows = [
            {"job": id, "row": row.row, "email": row.email, "outcome": row.outcome, "reason": row.reason}
            for row in commit.outcomes
        ]
        parts = enumerate(commit.parts, commit.first_part)
        async with self._writing() as work:
            stopping = await _change(work, id, owner, changed)
            await work.put(job_rows, rows)
            await work.put(job_parts, [{"job": id, "part": number, "content": content} for number, content in parts])
            return stopping

    async def let_go(self, id: str, owner: str, state: State, told: Mapping[str, Any]) -> None:
        """Leave the job in `state`, so that nobody has it; with what is `told` of it. Raises JobTaken."""
        ended = {"ended_at": self.now(), "doing": None, "ends_about": None} if state in ENDED else {}
        async with self._writing() as work:
            await _change(work, id, owner, {"state": state, "owner": None, "lease_until": 0.0, **ended, **told})

    async def stop(self, id: str) -> None:
        """End a job that waits; one that runs ends after the batch under way. Raises NoSuchJob."""
        async with self._writing() as work:
            row = await work.first(select(jobs.c.state, jobs.c.owner).where(jobs.c.id == id))
            if row is None:
                raise NoSuchJob
            if row.state in ENDED and row.state != "failed":
                return
            changed: dict[str, Any] = {"stopping": True}
            if row.owner is None:
                changed |= {"state": "cancelled", "ended_at": self.now(), "ends_about": None, "doing": None}
            await work.change(update(jobs).where(jobs.c.id == id).values(changed))

    async def part(self, id: str, number: int) -> str | None:
        """Return a piece of the text that a job made, counted from 1, or None."""
        query = select(job_parts.c.content).where(job_parts.c.job == id, job_parts.c.part == number)
        async with self._reading() as work:
            content: str | None = await work.value(query)
            return content

    async def outcomes(
        self, id: str, *, after: int = 0, most: int = MOST_PROBLEMS, only: Sequence[str] = ("failed", "skipped")
    ) -> list[Outcome]:
        """Return what became of the rows after row `after`, in their order: of those with an outcome of `only`."""
        query = select(*(job_rows.c[name] for name in Outcome.__slots__)).where(
            job_rows.c.job == id, job_rows.c.row > after, job_rows.c.outcome.in_(only)
        )
        async with self._reading() as work:
            return [Outcome(*tuple(row)) for row in await work.all(query.order_by(job_rows.c.row).limit(most))]

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Work]:
        # Short, and never cut off in the middle: that would leave a connection in an unknown state.
        with anyio.CancelScope(shield=True):
            async with self._storage.jobs.reading() as work:
                yield work

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[Work]:
        with anyio.CancelScope(shield=True):
            async with self._storage.jobs.writing() as work:
                yield work


async def _change(work: Work, id: str, owner: str, changed: Mapping[str, Any]) -> bool:
    """Change the job of `owner`, and return whether somebody stopped it. Raises JobTaken where it is not theirs."""
    if not await work.change(update(jobs).where(jobs.c.id == id, jobs.c.owner == owner).values(dict(changed))):
        raise JobTaken
    return bool(await work.value(select(jobs.c.stopping).where(jobs.c.id == id)))


async def forget_ended(work: Work, now: float) -> None:
    """Forget the jobs that ended long ago, and what they left behind. Raises AudienceError."""
    ended = await work.all(select(jobs.c.id, jobs.c.ended_at).where(jobs.c.ended_at < now - PARTS_KEPT_SECONDS))
    if not ended:
        return
    await work.change(delete(job_parts).where(job_parts.c.job.in_([row.id for row in ended])))
    old = [row.id for row in ended if row.ended_at < now - KEPT_SECONDS]
    await work.change(delete(job_rows).where(job_rows.c.job.in_(old)))
    await work.change(delete(jobs).where(jobs.c.id.in_(old)))


def _is_held(row: Row[Any], owner: str, now: float) -> bool:
    """Tell whether another process has the job and lives. After the clock was set back no lease may last for ever."""
    if row.owner in {None, owner} or not now < row.lease_until <= now + 2 * LEASE_SECONDS:
        return False
    return not has_died(row.owner)


def _job(row: Row[Any]) -> Job:
    return Job(*tuple(row))
