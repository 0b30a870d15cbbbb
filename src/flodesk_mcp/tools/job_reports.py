"""Jobs, as agents see them: how far one is, what went wrong in it, and where its result is."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import anyio
from pydantic import BaseModel, Field

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.flodesk import InvalidArgument, Personal
from flodesk_mcp.tools.downloads import download_name, download_of
from flodesk_mcp.tools.finding import check_not_probing
from flodesk_mcp.tools.list_arguments import ConditionRow
from flodesk_mcp.tools.telling import tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flodesk_mcp.audience.job import Job

__all__ = [
    "FollowedJob",
    "JobReport",
    "StartedJob",
    "StoppedJob",
    "begin_export",
    "cancel_job",
    "follow_job",
    "report_when_done",
    "reported",
]

SHORT_SECONDS = 20
"""How long a call waits for a job that may be small: hosts cut calls at 60 seconds, and no tool waits above 25."""

MOST_LATEST = 10


class JobProblem(BaseModel):
    """A row of a job that was not written."""

    row: int
    email: Annotated[str | None, Personal.ADDRESS] = None
    outcome: str
    reason: Annotated[str | None, Personal.WORDS] = None


class JobResult(BaseModel):
    """What a job made."""

    file: str | None = Field(None, description="Path on this server's computer")
    uri: str | None = Field(None, description="Resource: part 1 of the file; then /2, /3")
    parts: int | None = None
    manifest: str | None = Field(None, description="Path or resource: counts, filter, SHA-256")
    rows: int | None = None
    bytes: int | None = None
    sha256: str | None = None


class JobLine(BaseModel):
    """A job in a list."""

    job_id: str
    kind: str
    state: str
    rows: int | None = None
    written: int | None = None
    began_at: str | None = None


class StoppedJob(JobLine):
    """A job that was stopped."""

    notice: str | None = Field(None, description="For your user")


class StartedJob(StoppedJob):
    """A job that began; a short one has ended."""

    failed: int | None = None
    skipped: int | None = None
    left: int | None = None
    ends_about: str | None = None
    report: str | None = Field(None, description="Resource: a CSV of every row")
    download_url: str | None = None


class JobReport(JobLine):
    """A job, as far as it is. `done` means that every row has an outcome."""

    failed: int | None = None
    skipped: int | None = None
    left: int | None = None
    ends_about: str | None = None
    doing: str | None = None
    notice: str | None = Field(None, description="For your user: why it failed")
    problems: list[JobProblem] | None = None
    report: str | None = Field(None, description="Resource: a CSV of every row")
    download_url: str | None = None
    result: JobResult | None = None


"""What stands beside it describes the same properties."""


class FollowedJob(JobReport):
    """A job, or the latest ones."""

    job_id: str | None = None  # type: ignore[assignment] # none of them where there are several
    kind: str | None = None  # type: ignore[assignment]
    state: str | None = Field(None, description="running, waiting, done, cancelled or failed")  # type: ignore[assignment]
    jobs: list[JobLine] | None = Field(None, description="The latest, where no job_id was given")


_LINE = set(JobLine.model_fields)


async def begin_export(
    caller: Caller,
    file_format: str,
    where: "Sequence[ConditionRow] | None",
    match: str,
    fields: "Sequence[str] | None",
    file: str | None,
) -> JobReport:
    """Begin an export, and return it when it is done, or as far as it is after some seconds.

    Raises InvalidArgument, FlodeskError.
    """
    from flodesk_mcp.audience.columns import FIELDS  # with the first export: it brings SQLAlchemy with it
    from flodesk_mcp.audience.conditions import Condition
    from flodesk_mcp.audience.export import OPEN_FIELDS, ExportOrder

    may_leave = OPEN_FIELDS if caller.masked else FIELDS
    if caller.masked:
        check_not_probing(row.field for row in where or ())
        if hidden := [name for name in fields or () if name not in may_leave]:
            raise InvalidArgument(
                f"personal data is masked here (FLODESK_PERSONAL_DATA), so {hidden[0]!r} does not leave. "
                f"Open are {', '.join(may_leave)}."
            )
    order = ExportOrder(
        file_format="jsonl" if file_format == "jsonl" else "csv",
        where=[Condition(row.field, row.operator, row.value) for row in where or ()],
        match="any" if match == "any" else "all",
        fields=[name for name in may_leave if fields is None or name == "id" or name in fields],
        file=None if caller.exchange else _place(caller, file, file_format),
        masked=caller.masked,
        name=download_name(file, file_format) if caller.exchange and file else None,
    )
    job = await caller.audience.export(order)
    return await report_when_done(caller, job.id)


async def report_when_done(caller: Caller, job_id: str) -> JobReport:
    """Return a job when it has ended, or as far as it is after some seconds. Raises NoSuchJob."""
    return await _waited(caller, job_id, SHORT_SECONDS)


async def follow_job(caller: Caller, job_id: str | None, wait_seconds: int) -> FollowedJob:
    """Return a job when it has ended, or after `wait_seconds`; without an id the latest ones. Raises NoSuchJob."""
    if job_id is None:
        latest = await caller.audience.jobs.latest()
        return FollowedJob(jobs=[JobLine(**reported(job).model_dump(include=_LINE)) for job in latest[:MOST_LATEST]])
    return FollowedJob(**dict(await _waited(caller, job_id, wait_seconds)))


async def cancel_job(caller: Caller, job_id: str) -> StoppedJob:
    """Stop a job, and return it as it is then. Raises NoSuchJob."""
    job = await caller.audience.jobs.cancel(job_id)
    report = reported(job)
    if job.stopping and not job.has_ended:
        report.notice = "It ends after the batch under way."
    elif job.state == "done":
        report.notice = "It had ended before: nothing was stopped."
    return StoppedJob.model_validate(report.model_dump(include=set(StoppedJob.model_fields)))


async def _waited(caller: Caller, job_id: str, seconds: float) -> JobReport:
    jobs = caller.audience.jobs
    began = anyio.current_time()

    async def report(job: "Job") -> None:
        words = job.doing or ("Waiting for the job before it" if job.state == "waiting" else "Beginning")
        await tell(words, anyio.current_time() - began, seconds)

    job = await jobs.wait(job_id, seconds, report)
    problems = [
        JobProblem(row=row.row, email=row.email, outcome=row.outcome, reason=row.reason)
        for row in await jobs.problems(job_id)
    ]
    told = reported(job, problems)
    told.download_url = await download_of(caller, job)
    return told


def reported(job: "Job", problems: list[JobProblem] | None = None) -> JobReport:
    """Return what is told of a job."""
    return JobReport(
        job_id=job.id,
        kind=job.kind,
        state=job.state,
        rows=job.rows,
        written=job.written or None,
        failed=job.failed or None,
        skipped=job.skipped or None,
        left=job.left or None,
        began_at=_time(job.began_at),
        ends_about=_time(job.ends_about),
        doing=None if job.has_ended else job.doing,
        notice=job.problem,
        problems=problems,
        report=f"flodesk://jobs/{job.id}/report/1" if _has_report(job) else None,
        result=_result(job),
    )


def _has_report(job: "Job") -> bool:
    """Tell whether any row has an outcome: an export has people, and no rows of a list."""
    return job.kind != "export" and bool(job.written or job.failed or job.skipped)


def _result(job: "Job") -> JobResult | None:
    if job.kind != "export" or not job.result:
        return None
    made: Any = job.result
    manifest = made["manifest"]
    numbers = {name: manifest[name] for name in ("rows", "bytes", "sha256")}
    if file := made.get("file"):
        return JobResult(file=file, manifest=made["manifest_file"], **numbers)
    address = f"flodesk://exports/{job.id}"
    return JobResult(uri=f"{address}/1", parts=made["parts"], manifest=f"{address}/manifest", **numbers)


def _place(caller: Caller, file: str | None, file_format: str) -> str | None:
    """Return the file to write, None where there is no folder for one. Raises InvalidArgument."""
    from flodesk_mcp.audience.folders import Folders
    from flodesk_mcp.audience.manifest import manifest_path

    folders = Folders(caller.folders)
    if file is None and not folders:
        return None
    name = file or f"subscribers-{datetime.now(UTC).strftime('%Y-%m-%d-%H%M%S')}.{file_format}"
    path = folders.new_file(name, {f".{file_format}"})
    if manifest_path(path).exists():
        raise InvalidArgument(f"{manifest_path(path).name!r} exists, and no file is overwritten: give another name.")
    return str(path)


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
