"""Plans, as agents see them: made from a file, a text, rows or a search, shown, and then carried out."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.flodesk import InvalidArgument, Personal
from flodesk_mcp.tools.finding import check_not_probing
from flodesk_mcp.tools.job_reports import JobReport, StartedJob, report_when_done, reported
from flodesk_mcp.tools.list_arguments import ColumnChoice, ConditionRow
from flodesk_mcp.tools.visible import visible

if TYPE_CHECKING:
    from flodesk_mcp.audience.plan import Plan
    from flodesk_mcp.audience.source import Source

__all__ = [
    "ImportPlan",
    "SyncPlan",
    "about_carrying_out",
    "carry_out",
    "headline_of",
    "plan_import",
    "plan_report",
    "plan_sync",
    "press_button",
    "question_about",
]

READ = (".csv", ".json", ".jsonl", ".tsv", ".xlsx")
REPORT_OF_JOB = "flodesk://jobs/"
MAX_IGNORED = 50


class PlanProblem(BaseModel):
    """What is wrong with a row, or with a value in it. Rows are counted as a spreadsheet does."""

    row: int
    column: str | None = None
    reason: Annotated[str | None, Personal.WORDS] = None


class PlanReport(BaseModel):
    """What would be done. Nothing was changed."""

    plan_id: str
    expires_at: str
    rows: int | None = None
    invalid: int | None = None
    duplicates: int | None = None
    unchanged: int | None = None
    stays_unsubscribed: int | None = None
    new: int | None = None
    columns: dict[str, str] | None = None
    ignored_columns: list[str] | None = None
    requests: int | None = None
    minutes: int | None = None
    problems: list[PlanProblem] | None = None
    warnings: list[str] | None = Field(None, description="For the user")


class ImportPlan(PlanReport):
    """What an import would do."""

    will_write: int | None = None
    changes: dict[str, int] | None = None
    fields_to_create: list[str] | None = None
    segments_to_create: list[str] | None = None


class SyncPlan(PlanReport):
    """What a segment's sync would do."""

    to_add: int | None = None
    to_remove: int | None = None


async def plan_import(
    caller: Caller,
    source: Mapping[str, Any],
    columns: Sequence[ColumnChoice] | None,
    segments: Sequence[str],
    *,
    double_optin: bool,
    create_missing_fields: bool,
) -> ImportPlan:
    """Plan an import from one of `people`, `csv` and `file`. Raises InvalidArgument, FlodeskError."""
    plan = await caller.audience.plan_import(
        _source(caller, **source),
        columns={choice.column: choice.field for choice in columns or ()},
        segments=segments,
        double_optin=double_optin,
        create_missing_fields=create_missing_fields,
    )
    return ImportPlan(**plan_report(plan))


async def plan_sync(
    caller: Caller,
    segment_id: str,
    source: Mapping[str, Any],
    where: Sequence[ConditionRow] | None,
    match: str,
    *,
    remove_others: bool,
) -> SyncPlan:
    """Plan who is in a segment, from one of `people`, `csv`, `file` and `where`.

    Raises InvalidArgument, FlodeskError.
    """
    from flodesk_mcp.audience.conditions import Condition

    given = [name for name, value in source.items() if value is not None]
    if where is not None and given:
        raise InvalidArgument(f"where and {given[0]} are given: choose one.")
    audience = caller.audience
    if where is None:
        plan = await audience.plan_sync(segment_id, _source(caller, **source), remove_others=remove_others)
        return SyncPlan(**plan_report(plan))
    if caller.masked:
        check_not_probing(row.field for row in where)
    conditions = [Condition(row.field, row.operator, row.value) for row in where]
    matching = await audience.where(conditions, "any" if match == "any" else "all")
    return SyncPlan(**plan_report(await audience.plan_sync(segment_id, matching, remove_others=remove_others)))


async def carry_out(caller: Caller, plan_id: str) -> StartedJob:
    """Begin the job of a plan, and return it when it is done, or as far as it is after some seconds.

    Raises PlanRefused, AudienceError.
    """
    job = await caller.audience.carry_out(plan_id)
    return _started(await report_when_done(caller, job.id))


async def press_button(caller: Caller, plan_id: str, press: str) -> StartedJob:
    """Begin the job of a plan whose button was pressed; who has its secret is a card, on which a person did that.

    Raises PlanRefused, AudienceError.
    """
    await caller.audience.plans.check_button(plan_id, press)
    return _started(reported(await caller.audience.carry_out(plan_id)))


def _started(report: JobReport) -> StartedJob:
    return StartedJob.model_validate(report.model_dump(include=set(StartedJob.model_fields)))


async def about_carrying_out(caller: Caller, *, plan_id: str) -> str:
    """Ask about a plan: with its own numbers and warnings, whatever the model made of them."""
    return question_about(await caller.audience.plans.open(plan_id))


def question_about(plan: "Plan") -> str:
    """Return what a person is asked before a plan is carried out."""
    return " ".join([headline_of(plan), *plan.numbers["warnings"]])


def headline_of(plan: "Plan") -> str:
    """Return what a person is asked, without the warnings."""
    from flodesk_mcp.audience.words import counted

    numbers, arguments = plan.numbers, plan.arguments
    if segment := arguments.get("segment"):
        name = repr(visible(str(segment["name"]))[:80])
        joining = counted(numbers.get("to_add", 0), "person", "people")
        parts = [f"Add {joining} to the segment {name}, and remove {numbers.get('to_remove', 0):,} from it?"]
    else:
        new, written = numbers.get("new", 0), numbers.get("will_write", 0)
        written_people = counted(written, "person", "people")
        parts = [f"Write {written_people} to Flodesk, of whom {new:,} are new and {written - new:,} change?"]
    if names := arguments["segments_to_create"]:
        parts.append(f"New segments: {_quoted(names)}.")
    if labels := arguments["fields_to_create"]:
        parts.append(f"New custom fields: {_quoted(labels)}.")
    takes = counted(numbers["minutes"], "minute", "minutes")
    return " ".join([*parts, f"It takes about {takes}, and cannot be undone as a whole."])


def _quoted(names: Sequence[str]) -> str:
    shown = ", ".join(repr(visible(name)[:80]) for name in names[:10])
    return shown + (f" and {len(names) - 10} more" if len(names) > 10 else "")  # noqa: PLR2004 - as many as above


def _source(caller: Caller, people: Sequence[Mapping[str, Any]] | None, csv: str | None, file: str | None) -> "Source":
    """Return the one source that is given. Raises InvalidArgument, FileRefused."""
    from flodesk_mcp.audience.files import open_csv, open_file, open_people
    from flodesk_mcp.audience.folders import Folders
    from flodesk_mcp.audience.job_report import report_of

    given = {"people": people, "csv": csv, "file": file}
    names = [name for name, value in given.items() if value is not None]
    if len(names) != 1:
        said = " and ".join(names) + " are given" if names else "none is given"
        raise InvalidArgument(f"Give exactly one of people, csv and file: {said}.")
    if people is not None:
        return partial(open_people, people)
    if csv is not None:
        return partial(open_csv, csv)
    name = file or ""
    if name.startswith(REPORT_OF_JOB):
        return report_of(caller.audience.jobs, name.removeprefix(REPORT_OF_JOB).partition("/")[0])
    return partial(open_file, Folders(caller.folders).file(name, READ))


def plan_report(plan: "Plan") -> dict[str, Any]:
    """Return what is told of a plan."""
    ignored = plan.numbers.get("ignored_columns", [])
    more = [f"and {len(ignored) - MAX_IGNORED} more"] if len(ignored) > MAX_IGNORED else []
    return {
        **plan.numbers,
        "plan_id": plan.id,
        "expires_at": datetime.fromtimestamp(plan.expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ignored_columns": [*ignored[:MAX_IGNORED], *more],
    }
