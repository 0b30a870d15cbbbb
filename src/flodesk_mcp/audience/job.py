"""A job: work on a whole list that outlives the call, the client and the process that began it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import anyio

from flodesk_mcp.audience.errors import JobStopped

__all__ = ["ENDED", "Commit", "Job", "JobKind", "Outcome", "OutcomeWord", "RunningJob", "State"]

State = Literal["waiting", "running", "done", "cancelled", "failed"]
OutcomeWord = Literal["written", "unchanged", "skipped", "failed"]
ENDED: frozenset[State] = frozenset({"done", "cancelled", "failed"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row: written, unchanged, skipped or failed. `row` counts from 1; `reason` says why."""

    row: int
    outcome: OutcomeWord
    email: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was last recorded.

    `cursor` is where it goes on, in the words of its kind; empty at the beginning. `doing` tells a person what is under
    way, `progress` how much is done (0 to 1), `problem` why it failed or waits. `rows` is None until it is known.
    """

    id: str
    kind: str
    state: State
    arguments: Mapping[str, Any]
    cursor: Mapping[str, Any]
    rows: int | None
    written: int
    failed: int
    skipped: int
    created_at: float
    began_at: float | None
    ended_at: float | None
    ends_about: float | None
    progress: float
    doing: str | None
    problem: str | None
    result: Mapping[str, Any] | None
    stopping: bool

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.state in ENDED

    @property
    def left(self) -> int | None:
        """How many rows have no outcome yet; None while that is not known."""
        return None if self.rows is None else max(self.rows - self.written - self.failed - self.skipped, 0)


@dataclass(frozen=True, slots=True)
class Commit:
    """What a job records at once, all or nothing: where it goes on, and what was done until there.

    `written` and the `outcomes` add to what was recorded before; a row that has an outcome keeps it. `parts` are the
    next pieces of a text that the job makes; `first_part` is the number of the first of them.
    """

    cursor: Mapping[str, Any]
    rows: int | None = None
    written: int = 0
    outcomes: Sequence[Outcome] = ()
    parts: Sequence[str] = ()
    first_part: int = 1


class RunningJob:
    """What a kind of job works with: its arguments, its cursor, and how to record how far it came."""

    def __init__(self, job: Job, record: Callable[[Commit], Awaitable[bool]]) -> None:
        """Take the job, and what records a commit and returns whether somebody stopped it."""
        self.id = job.id
        self.arguments = job.arguments
        self.cursor = job.cursor
        self.stopped = anyio.Event()
        self.doing = job.doing
        self.progress = job.progress
        self._record = record
        if job.stopping:
            self.stopped.set()

    async def commit(self, commit: Commit) -> None:
        """Record how far the job came; from here it goes on, whatever happens next.

        Raises JobStopped when it shall end, JobTaken when another process has it.
        """
        if await self._record(commit):
            self.stopped.set()
        self.cursor = commit.cursor
        self.check()

    def tell(self, doing: str, progress: float) -> None:
        """Say what is under way, and how much of the whole job is done (0 to 1). Raises JobStopped."""
        self.doing, self.progress = doing, progress
        self.check()

    def check(self) -> None:
        """Raise JobStopped when somebody stopped the job: to be asked between batches, never within one."""
        if self.stopped.is_set():
            raise JobStopped


class JobKind(Protocol):
    """What jobs of one kind do."""

    @property
    def name(self) -> str:
        """What `Job.kind` says."""

    async def run(self, job: RunningJob) -> Mapping[str, Any]:
        """Do the work from `job.cursor` on, and return its result.

        It may be called any number of times: each time it goes on where the last commit was.
        """

    async def discard(self, job: Job) -> None:
        """Remove what a job that was stopped has left."""
