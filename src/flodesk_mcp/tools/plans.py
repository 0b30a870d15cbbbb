"""Plans, as agents see them: made from a file, a text, rows or a search, shown, and then carried out."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel
from pydantic_core import to_json

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.callers.exchange import LinkTo, Reading
from flodesk_mcp.flodesk import InvalidArgument, Personal
from flodesk_mcp.tools.finding import check_not_probing
from flodesk_mcp.tools.job_reports import JobReport, StartedJob, report_when_done, reported
from flodesk_mcp.tools.list_arguments import ColumnChoice, ConditionRow
from flodesk_mcp.tools.plan_sources import source_of, told_of_link
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

MAX_IGNORED = 50


class PlanProblem(BaseModel):
    """What is wrong with a row, or with a value in it. Rows are counted as a spreadsheet does."""

    row: int
    column: str | None = None
    reason: Annotated[str | None, Personal.WORDS] = None


class PlanReport(BaseModel):
    """What would be done, or by which link a person sends the file. Nothing was changed."""

    plan_id: str | None = None
    expires_at: str
    upload_url: str | None = None
    file: str | None = None
    notice: str | None = None
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
    warnings: list[str] | None = None


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
    """Plan an import from one of `people`, `csv` and `file`, or ask for a file by a link.

    Raises InvalidArgument, FlodeskError.
    """
    chosen = {choice.column: choice.field for choice in columns or ()}

    async def reading() -> Reading:
        names = await caller.flodesk.segments.names.by_id() if segments else {}
        joined = ", ".join(names.get(segment) or segment for segment in segments)
        purpose = f"an import; everybody in it joins {joined}" if joined else "an import"
        labels = await caller.flodesk.custom_fields.labels()
        return Reading(purpose, labels, chosen, create_missing_fields)

    found = await source_of(caller, source, reading)
    if isinstance(found, LinkTo):
        return ImportPlan(**told_of_link(found))
    provider, part = source.get("from_provider"), source.get("from_segment")
    plan = await caller.audience.plan_import(
        found,
        warnings=_untold(caller, provider, part) if provider else (),
        columns=chosen,
        segments=segments,
        double_optin=double_optin,
        create_missing_fields=create_missing_fields,
        asked=_asked("import", found, source, chosen, segments, double_optin, create_missing_fields),
    )
    if provider:
        caller.providers.forget_everybody(provider, part)
    return ImportPlan(**plan_report(plan))


def _untold(caller: Caller, provider: str, segment_id: str | None) -> Sequence[str]:
    """Return a warning where a provider does not tell who wants no more mail: they would come with all others."""
    number = caller.providers.untold(provider, segment_id)
    if not number:
        return ()
    from flodesk_mcp.audience.words import counted

    name = caller.providers.get(provider).name
    return (
        f"{name} does not tell of {counted(number, 'person', 'people')} whether they may be mailed: who unsubscribed "
        "or bounced there would come as a new subscriber. Take them out of the list there first, or use double_optin, "
        "so that they confirm first.",
    )


async def plan_sync(
    caller: Caller,
    segment_id: str,
    source: Mapping[str, Any],
    where: Sequence[ConditionRow] | None,
    match: str,
    *,
    remove_others: bool,
) -> SyncPlan:
    """Plan who is in a segment, from one of `people`, `csv`, `file` and `where`, or ask for a file by a link.

    Raises InvalidArgument, FlodeskError.
    """
    from flodesk_mcp.audience.conditions import Condition

    given = [name for name, value in source.items() if value is not None]
    if where is not None and given:
        raise InvalidArgument(f"where and {given[0]} are given: choose one.")
    audience = caller.audience
    if where is None:

        async def reading() -> Reading:
            segment = await caller.flodesk.segments.get(segment_id)
            purpose = f"who is in the segment {segment.name}" + (", and nobody else" if remove_others else "")
            return Reading(purpose, await caller.flodesk.custom_fields.labels())

        found = await source_of(caller, source, reading)
        if isinstance(found, LinkTo):
            return SyncPlan(**told_of_link(found))
        asked = _asked("sync", found, source, segment_id, remove_others)
        plan = await audience.plan_sync(segment_id, found, remove_others=remove_others, asked=asked)
        return SyncPlan(**plan_report(plan))
    if caller.masked:
        check_not_probing(row.field for row in where)
    conditions = [Condition(row.field, row.operator, row.value) for row in where]
    matching = await audience.where(conditions, "any" if match == "any" else "all")
    asked = _asked("sync", None, conditions, match, segment_id, remove_others)
    plan = await audience.plan_sync(segment_id, matching, remove_others=remove_others, asked=asked)
    return SyncPlan(**plan_report(plan))


def _asked(kind: str, source: "Source | None", *arguments: Any) -> str:
    """Return a hash of a call, by which the same one is known that comes back for a plan that took long.

    One for a file that has changed meanwhile is another.
    """
    file = source.args[0] if isinstance(source, partial) else None
    version = (file.stat().st_mtime_ns, file.stat().st_size) if isinstance(file, Path) and file.exists() else None
    return hashlib.sha256(to_json([kind, version, *arguments])).hexdigest()


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
