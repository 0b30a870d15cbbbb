"""The engine of jobs: one at a time for each account, each from its last commit on, until it has ended.

Any process that knows the account may run its jobs; who takes one holds it by a heartbeat (audience/lease.py), and each
commit checks that. So after the death of a process another goes on, and none does what was done.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any, NamedTuple, get_args

import anyio

from flodesk_mcp.api.tracing import job_span
from flodesk_mcp.audience.errors import JobStopped, JobTaken
from flodesk_mcp.audience.garbage import seldom_searched_for
from flodesk_mcp.audience.job import Commit, Job, JobKind, Outcome, OutcomeWord, RunningJob, State
from flodesk_mcp.audience.job_store import JobStore
from flodesk_mcp.audience.lease import HEARTBEAT_SECONDS, new_owner
from flodesk_mcp.audience.trouble import PASSING, sentence
from flodesk_mcp.deadline import wait_deadline

__all__ = ["Jobs", "Spawn"]

POLL_SECONDS = 1.0
"""How often to look at a job that another process runs."""

LONGEST_PAUSE = 60.0
PATIENCE_SECONDS = 3600.0
"""How long a job that gets nowhere waits for trouble to pass, before it fails."""

LET_GO_SECONDS = 2.0

Spawn = Callable[[Callable[[], Coroutine[Any, Any, None]]], object]
"""Runs something beside the calls, for as long as the server or command lasts."""

logger = logging.getLogger(__name__)


class _End(NamedTuple):
    state: State
    told: dict[str, Any]


class Jobs:
    """The jobs of one account."""

    def __init__(self, store: JobStore, kinds: Iterable[JobKind], spawn: Spawn) -> None:
        """Take where they are kept, what there can be, and what runs them."""
        self._store = store
        self._kinds = {kind.name: kind for kind in kinds}
        self._spawn = spawn
        self._owner = new_owner()
        self._is_working = False
        self._is_wanted = False
        self._running: RunningJob | None = None
        self._unrecorded: dict[str, str] = {}  # why jobs failed, where not even that could be written
        self._changed = anyio.Event()
        self._followed: set[str] = set()  # jobs that another process runs
        self._told_at: dict[str, float] = {}
        self._listeners: dict[object, Callable[[str], None]] = {}

    async def start(self, kind: str, arguments: Mapping[str, Any]) -> Job:
        """Begin a job of that kind, or let it wait for the one that runs."""
        job = await self._store.add(secrets.token_hex(12), kind, arguments)
        self.resume()
        return job

    def resume(self) -> None:
        """Run what is unfinished, beside everything else."""
        self._is_wanted = True
        if not self._is_working:
            self._is_working = True
            self._spawn(self._work)

    async def restart(self) -> list[str]:
        """Run what is unfinished, and what has failed once more; return the ids, the oldest first."""
        await self._store.restart_failed()
        self._unrecorded.clear()
        unfinished = await self._store.unfinished()
        self.resume()
        return unfinished

    async def get(self, id: str) -> Job:
        """Return a job. Raises NoSuchJob."""
        return self._as_known(await self._store.get(id))

    async def latest(self) -> list[Job]:
        """Return the jobs that began last, the newest first."""
        return [self._as_known(job) for job in await self._store.latest()]

    async def cancel(self, id: str) -> Job:
        """Stop a job: at once while it waits, or else after the batch under way. Raises NoSuchJob."""
        await self._store.stop(id)
        self._unrecorded.pop(id, None)
        job = await self.get(id)
        if job.state == "cancelled" and job.kind in self._kinds:
            await self._kinds[job.kind].discard(job)
        self._tell(id, has_ended=job.has_ended)
        return job

    async def wait(self, id: str, seconds: float, report: Callable[[Job], Awaitable[None]] | None = None) -> Job:
        """Return a job when it has ended, or after `seconds`. `report` hears of it meanwhile. Raises NoSuchJob."""
        until = anyio.current_time() + seconds
        reported = -inf
        while not (job := await self.get(id)).has_ended and (now := anyio.current_time()) < until:
            if report is not None and now - reported >= POLL_SECONDS:
                reported = now
                await report(job)
            await self._change(until - now)
        return job

    def listen(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Tell `listener` the id of every job that changes, until the function that is returned is called."""
        token = object()
        self._listeners[token] = listener
        self.resume()  # so that others' jobs are followed
        return lambda: self._listeners.pop(token, None) and None

    async def part(self, id: str, number: int) -> str | None:
        """Return a piece of the text that a job made, counted from 1, or None."""
        return await self._store.part(id, number)

    async def problems(self, id: str) -> list[Outcome]:
        """Return the first rows that were not written, and why."""
        return await self._store.outcomes(id)

    async def outcomes(self, id: str, after: int, most: int) -> list[Outcome]:
        """Return what became of up to `most` rows after row `after`, in their order."""
        return await self._store.outcomes(id, after=after, most=most, only=get_args(OutcomeWord))

    def _as_known(self, job: Job) -> Job:
        """Return a job with what is known of it here, and not recorded yet."""
        if job.has_ended:
            self._unrecorded.pop(job.id, None)  # another process has finished it
        if problem := self._unrecorded.get(job.id):
            return replace(job, state="failed", problem=problem)
        if (running := self._running) and running.id == job.id:
            return replace(job, doing=running.doing, progress=running.progress)
        return job

    def _tell(self, id: str, *, has_ended: bool = False) -> None:
        """Let those who wait look at the job; those who listen hear of it once a second, and of its end."""
        self._changed.set()
        self._changed = anyio.Event()
        now = anyio.current_time()
        if has_ended or now - self._told_at.get(id, -inf) >= POLL_SECONDS:
            self._told_at[id] = now
            for listener in list(self._listeners.values()):
                listener(id)
        if has_ended:
            del self._told_at[id]

    async def _change(self, seconds: float = inf) -> None:
        """Wait until a job of this process changes; of others' jobs nobody tells, so not for long."""
        with anyio.move_on_after(min(seconds, POLL_SECONDS)):
            await self._changed.wait()

    async def _work(self) -> None:
        try:
            while self._is_wanted:
                self._is_wanted = False
                while await self._run_next():
                    pass
        except Exception:
            logger.exception("No job can run")
        finally:
            self._is_working = False
            self._changed.set()
            self._changed = anyio.Event()

    async def _run_next(self) -> bool:
        """Run the next job if nobody else does, and return whether any is left."""
        async with self._store.turn() as is_ours:
            if is_ours and (job := await self._store.take(self._owner)):
                await self._run(job)
                return job.id not in self._unrecorded
        unfinished = set(await self._store.unfinished())
        for ended in self._followed - unfinished:
            self._tell(ended, has_ended=True)
        for job_id in unfinished:
            self._tell(job_id)
        self._followed = unfinished
        if unfinished:
            await anyio.sleep(POLL_SECONDS)
        return bool(unfinished)

    async def _run(self, job: Job) -> None:
        """Run a job that is ours until it ends, another process takes it, or the server ends."""
        end: _End | None = _End("waiting", {})  # what it is when the server ends
        self._running = running = RunningJob(job, partial(self._record, job.id))
        try:
            async with anyio.create_task_group() as beside:
                beside.start_soon(self._keep, running, beside.cancel_scope)
                end = await self._end_of(job, running)
                beside.cancel_scope.cancel()
        finally:
            self._running = None
            with anyio.move_on_after(LET_GO_SECONDS, shield=True):
                await self._let_go(job, end)

    async def _let_go(self, job: Job, end: _End | None) -> None:
        if end is not None:
            try:
                await self._store.let_go(job.id, self._owner, end.state, end.told)
            except JobTaken:
                logger.info("Another process goes on with job %s", job.id)
            except Exception as error:
                logger.warning("The end of a job could not be recorded: %s", error)
                self._unrecorded[job.id] = str(end.told.get("problem") or sentence(error))
        self._tell(job.id, has_ended=True)

    async def _end_of(self, job: Job, running: RunningJob) -> _End | None:
        """Do the work, and return how it ended; None if another process goes on with it."""
        kind = self._kinds.get(job.kind)
        if kind is None:
            return _End("failed", {"problem": f"This version of flodesk-mcp has no jobs of the kind {job.kind!r}."})
        stuck_since, pauses = anyio.current_time(), 0
        while True:
            reached = running.cursor, running.progress
            try:
                running.check()
                # A job has time, and calls of people come first.
                with job_span(job.kind), wait_deadline(inf, background=True), seldom_searched_for():
                    result = await kind.run(running)
            except JobStopped:
                await kind.discard(job)
                return _End("cancelled", {})
            except JobTaken:
                return None
            except PASSING as error:
                if (running.cursor, running.progress) != reached:
                    stuck_since, pauses = anyio.current_time(), 0
                if anyio.current_time() - stuck_since > PATIENCE_SECONDS:
                    return _End("failed", {"problem": sentence(error)})
                pauses += 1
                await self._pause(running, sentence(error), min(2.0**pauses, LONGEST_PAUSE))
            except Exception as error:
                logger.warning("A job failed", exc_info=error)
                return _End("failed", {"problem": sentence(error)})
            else:
                return _End("done", {"result": dict(result), "problem": None, "progress": 1.0})

    async def _pause(self, running: RunningJob, why: str, seconds: float) -> None:
        """Let trouble pass, unless somebody stops the job meanwhile."""
        told = {"state": "waiting", "problem": why, "ends_about": None}
        await self._store.renew(running.id, self._owner, **told)
        self._tell(running.id)
        with anyio.move_on_after(seconds):
            await running.stopped.wait()
        await self._store.renew(running.id, self._owner, state="running", problem=None)

    async def _record(self, id: str, commit: Commit) -> bool:
        stopping = await self._store.commit(id, self._owner, commit)
        self._tell(id)
        return stopping

    async def _keep(self, running: RunningJob, scope: anyio.CancelScope) -> None:
        """Keep the job, and pass on what is told of it, until it ends or another process has it."""
        began, before = self._store.now(), running.progress
        while True:
            await anyio.sleep(HEARTBEAT_SECONDS)
            now, gone = self._store.now(), running.progress - before
            ends_about = now + (now - began) / gone * (1 - running.progress) if gone > 0 else None
            told = {"doing": running.doing, "progress": running.progress, "ends_about": ends_about}
            try:
                if await self._store.renew(running.id, self._owner, **told):
                    running.stopped.set()
            except JobTaken:
                scope.cancel()
                return
            except Exception as error:  # the next commit will tell whether it matters
                logger.warning("The heartbeat of a job failed: %s", error)
            self._tell(running.id)
