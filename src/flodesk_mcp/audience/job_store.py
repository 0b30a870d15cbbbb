"""Jobs in the database: each change of one is a transaction, which only who has the job can make."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import anyio
from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from flodesk_mcp.audience.errors import JobTaken, NoSuchJob
from flodesk_mcp.audience.job import ENDED, Commit, Job, Outcome, State
from flodesk_mcp.audience.job_tables import job_parts, job_rows, jobs
from flodesk_mcp.audience.lease import LEASE_SECONDS, has_died

__all__ = ["KEPT_SECONDS", "JobStore"]

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

    def __init__(self, account: str, storage: Any, now: Callable[[], float] = time.time) -> None:
        """Take the account's name there and its storage; `now` tells the time in seconds since 1970."""
        self.account = account
        self._storage = storage
        self.now = now

    async def add(self, id: str, kind: str, arguments: Mapping[str, Any]) -> Job:
        """Put a new job behind those that wait, and forget those that ended long ago."""
        now = self.now()
        async with self._writing() as connection:
            await self._forget(connection, now)
            await connection.execute(
                insert(jobs).values(
                    account=self.account,
                    id=id,
                    kind=kind,
                    state="waiting",
                    arguments=dict(arguments),
                    cursor={},
                    written=0,
                    failed=0,
                    skipped=0,
                    created_at=now,
                    progress=0.0,
                    stopping=False,
                    lease_until=0.0,
                )
            )
        return await self.get(id)

    async def get(self, id: str) -> Job:
        """Return a job as it was last recorded. Raises NoSuchJob, for the job of another account as well."""
        async with self._reading() as connection:
            row = (await connection.execute(select(*_SHOWN).where(self._is(id)))).one_or_none()
        if row is None:
            raise NoSuchJob
        return _job(row)

    async def latest(self, most: int = 20) -> list[Job]:
        """Return the jobs that began last, the newest first."""
        query = select(*_SHOWN).where(jobs.c.account == self.account)
        async with self._reading() as connection:
            rows = await connection.execute(query.order_by(jobs.c.created_at.desc(), jobs.c.id).limit(most))
            return [_job(row) for row in rows]

    async def has_unfinished(self) -> bool:
        """Tell whether any job waits or runs, in whatever process."""
        query = select(func.count()).where(jobs.c.account == self.account, jobs.c.state.in_(UNFINISHED))
        async with self._reading() as connection:
            return bool(await connection.scalar(query))

    async def restart_failed(self) -> None:
        """Put the jobs that failed back among those that wait: each goes on where it stopped."""
        failed = and_(jobs.c.account == self.account, jobs.c.state == "failed")
        async with self._writing() as connection:
            await connection.execute(
                update(jobs).where(failed).values(state="waiting", problem=None, ended_at=None, stopping=False)
            )

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Callable[[], Any] | None]:
        """Hold the account's turn where the database itself can tell who lives; yields what keeps it, None if taken.

        In SQLite the lease on the job does it: there the turn is always free.
        """
        if self._storage.is_sqlite:
            yield _nothing
            return
        key = int.from_bytes(sha256(f"flodesk-mcp jobs {self.account}".encode()).digest()[:8], signed=True)
        async with self._storage.connection() as connection:
            if not await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
                yield None
                return
            try:
                yield lambda: connection.execute(text("SELECT 1"))
            finally:
                await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})

    async def take(self, owner: str) -> Job | None:
        """Make the oldest unfinished job that of `owner`, and return it; None if there is none, or another has one."""
        now = self.now()
        mine = and_(jobs.c.account == self.account, jobs.c.state.in_(UNFINISHED))
        query = select(jobs.c.id, jobs.c.owner, jobs.c.lease_until, jobs.c.began_at).where(mine)
        async with self._writing() as connection:
            found = (await connection.execute(query.order_by(jobs.c.created_at, jobs.c.id))).all()
            if not found or (self._storage.is_sqlite and any(_is_held(row, owner, now) for row in found)):
                return None
            await connection.execute(
                update(jobs)
                .where(self._is(found[0].id))
                .values(
                    state="running",
                    owner=owner,
                    lease_until=now + LEASE_SECONDS,
                    began_at=found[0].began_at or now,
                    problem=None,
                )
            )
        return await self.get(found[0].id)

    async def renew(self, id: str, owner: str, **told: Any) -> bool:
        """Keep the job for another while, record what is `told`, and return whether somebody stopped it.

        Raises JobTaken.
        """
        async with self._writing() as connection:
            await self._change(connection, id, owner, lease_until=self.now() + LEASE_SECONDS, **told)
            return bool(await connection.scalar(select(jobs.c.stopping).where(self._is(id))))

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
        whose = {"account": self.account, "job": id}
        async with self._writing() as connection:
            await self._change(connection, id, owner, **changed)
            if commit.outcomes:
                rows = [
                    whose | {"row": row.row, "email": row.email, "outcome": row.outcome, "reason": row.reason}
                    for row in commit.outcomes
                ]
                await connection.execute(insert(job_rows), rows)
            if commit.parts:
                parts = enumerate(commit.parts, commit.first_part)
                await connection.execute(
                    insert(job_parts), [whose | {"part": number, "content": content} for number, content in parts]
                )
            return bool(await connection.scalar(select(jobs.c.stopping).where(self._is(id))))

    async def let_go(self, id: str, owner: str, state: State, **told: Any) -> None:
        """Leave the job in `state`, so that nobody has it; with what is `told` of it. Raises JobTaken."""
        ended = {"ended_at": self.now(), "doing": None, "ends_about": None} if state in ENDED else {}
        async with self._writing() as connection:
            await self._change(connection, id, owner, state=state, owner=None, lease_until=0.0, **ended, **told)

    async def stop(self, id: str) -> None:
        """End a job that waits; one that runs ends after the batch under way. Raises NoSuchJob."""
        now = self.now()
        async with self._writing() as connection:
            row = (await connection.execute(select(*_SHOWN, jobs.c.owner).where(self._is(id)))).one_or_none()
            if row is None:
                raise NoSuchJob
            if row.state in ENDED and row.state != "failed":
                return
            changed: dict[str, Any] = {"stopping": True}
            if row.owner is None:
                changed |= {"state": "cancelled", "ended_at": now, "ends_about": None, "doing": None}
            await connection.execute(update(jobs).where(self._is(id)).values(**changed))

    async def part(self, id: str, number: int) -> str | None:
        """Return a piece of the text that a job made, counted from 1, or None."""
        query = select(job_parts.c.content).where(
            job_parts.c.account == self.account, job_parts.c.job == id, job_parts.c.part == number
        )
        async with self._reading() as connection:
            content: str | None = await connection.scalar(query)
            return content

    async def outcomes(
        self, id: str, *, after: int = 0, most: int = MOST_PROBLEMS, only: Sequence[str] = ("failed", "skipped")
    ) -> list[Outcome]:
        """Return what became of the rows after row `after`, in their order: of those with an outcome of `only`."""
        columns = [job_rows.c[name] for name in Outcome.__slots__]
        query = select(*columns).where(
            job_rows.c.account == self.account,
            job_rows.c.job == id,
            job_rows.c.row > after,
            job_rows.c.outcome.in_(only),
        )
        async with self._reading() as connection:
            rows = await connection.execute(query.order_by(job_rows.c.row).limit(most))
            return [Outcome(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name for it

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        # Short, and never cut off in the middle: that would leave a connection in an unknown state.
        with anyio.CancelScope(shield=True):
            async with self._storage.reading() as connection:
                yield connection

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        with anyio.CancelScope(shield=True):
            async with self._storage.writing() as connection:
                yield connection

    def _is(self, id: str) -> ColumnElement[bool]:
        return and_(jobs.c.account == self.account, jobs.c.id == id)

    async def _change(self, connection: AsyncConnection, id: str, owner: str, /, **changed: Any) -> None:
        done = await connection.execute(update(jobs).where(self._is(id), jobs.c.owner == owner).values(**changed))
        if not done.rowcount:
            raise JobTaken

    async def _forget(self, connection: AsyncConnection, now: float) -> None:
        mine = jobs.c.account == self.account
        old = select(jobs.c.id).where(mine, jobs.c.ended_at < now - PARTS_KEPT_SECONDS)
        await connection.execute(
            delete(job_parts).where(job_parts.c.account == self.account, job_parts.c.job.in_(old))
        )
        ancient = select(jobs.c.id).where(mine, jobs.c.ended_at < now - KEPT_SECONDS)
        await connection.execute(
            delete(job_rows).where(job_rows.c.account == self.account, job_rows.c.job.in_(ancient))
        )
        await connection.execute(delete(jobs).where(mine, jobs.c.ended_at < now - KEPT_SECONDS))


async def _nothing() -> None:
    """Keep a turn that needs no keeping."""


def _is_held(row: Row[Any], owner: str, now: float) -> bool:
    """Tell whether another process has the job and lives. After the clock was set back no lease may last for ever."""
    if row.owner in {None, owner} or not now < row.lease_until <= now + 2 * LEASE_SECONDS:
        return False
    return not has_died(row.owner)


def _job(row: Row[Any]) -> Job:
    return Job(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
