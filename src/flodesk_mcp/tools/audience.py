"""Tools that work on the whole list."""

from pydantic import BaseModel

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.tools.arguments import DoubleOptin, Limit, NextCursor, SegmentId, SubscriberFields
from flodesk_mcp.tools.finding import FoundSubscribers, find
from flodesk_mcp.tools.job_reports import (
    FollowedJob,
    JobReport,
    StartedJob,
    StoppedJob,
    begin_export,
    cancel_job,
    follow_job,
)
from flodesk_mcp.tools.list_arguments import (
    AlikeConditions,
    ColumnChoices,
    Conditions,
    CreateMissing,
    CsvText,
    Days,
    ExportFields,
    ExportFile,
    FileFormat,
    FromProvider,
    FromSegment,
    JobId,
    JoinedSegments,
    ListFile,
    Match,
    Members,
    People,
    PlanId,
    Press,
    Refresh,
    RemoveOthers,
    WaitSeconds,
)
from flodesk_mcp.tools.plans import (
    ImportPlan,
    SyncPlan,
    about_carrying_out,
    carry_out,
    plan_import,
    plan_sync,
    press_button,
)
from flodesk_mcp.tools.spec import Later, Toolset

toolset = Toolset(
    "audience", "work on the whole list", tailor=Later("flodesk_mcp.tools.plan_sources", "with_other_sources")
)


@toolset.tool("Search subscribers", "GET /subscribers")
async def search_flodesk_subscribers(
    caller: Caller,
    where: Conditions | None = None,
    match: Match = "all",
    fields: SubscriberFields | None = None,
    limit: Limit = 20,
    next_cursor: NextCursor | None = None,
    refresh: Refresh | None = None,
) -> FoundSubscribers:
    """Search (look for, count) contacts: find people called by some name, subscribers by any field or custom field
    (city, birthday, favourite flower), filter, everyone in a segment who has no first name, people who joined after
    a date or signed up in the last weeks, how many have gmail, is there anybody whose field is empty, only her last
    name is remembered. total_items counts all. Searches a copy: as_of is its age.
    """
    return await find(
        caller.audience, where, match, fields, limit, next_cursor, refresh=bool(refresh), masked=caller.masked
    )


def _report() -> type[BaseModel]:
    from flodesk_mcp.audience.report import Report

    return Report


@toolset.tool("Report on the audience", "GET /subscribers", target=("segment_id",), answer=_report)
async def get_flodesk_audience_report(
    caller: Caller, segment_id: SegmentId | None = None, days: Days = 90
) -> BaseModel:
    """Overview of the audience, or of one segment (summary, statistics): how is the list growing or shrinking, how many
    people did we lose, which segments have the same people in them, are there typos in email addresses, duplicate
    contacts, who is in there twice, sign-ups per week, how many by status and source, what share has a value in custom
    fields. No opens or revenue.
    """
    report = await caller.audience.report(segment_id, days, caller.events.unsubscribes if caller.events else None)
    return (report.without_addresses() if caller.masked else report).shortened()


@toolset.tool("Export subscribers", "GET /subscribers")
async def export_flodesk_subscribers(
    caller: Caller,
    file_format: FileFormat = "csv",
    where: AlikeConditions | None = None,
    match: Match = "all",
    fields: ExportFields | None = None,
    file: ExportFile | None = None,
) -> JobReport:
    """Export the whole list, or all who match: download everybody, save all contacts to a CSV (Excel) spreadsheet or
    JSONL, get customers out into a file, make a backup. Reads the list anew first. Never overwrites a file; without an
    open folder the result is a resource in parts.
    """
    return await begin_export(caller, file_format, where, match, fields, file)


@toolset.tool("Plan an import", "GET /subscribers", target=("segment_ids",))
async def plan_flodesk_import(
    caller: Caller,
    people: People | None = None,
    csv: CsvText | None = None,
    file: ListFile | None = None,
    columns: ColumnChoices | None = None,
    segment_ids: JoinedSegments | None = None,
    double_optin: DoubleOptin | None = None,
    create_missing_fields: CreateMissing | None = None,
    from_provider: FromProvider | None = None,
    from_segment: FromSegment | None = None,
) -> ImportPlan:
    """Check a csv of attendees before anything is written: upload contacts, upload an xlsx, import (bring in, migrate)
    a spreadsheet. Tells who is new, changes, unsubscribed. Then start_flodesk_job.
    """
    given = {"people": people, "csv": csv, "file": file, "from_provider": from_provider, "from_segment": from_segment}
    return await plan_import(
        caller,
        given,
        columns,
        segment_ids or (),
        double_optin=bool(double_optin),
        create_missing_fields=bool(create_missing_fields),
    )


@toolset.tool("Plan who is in a segment", "GET /subscribers", target=("segment_id",))
async def plan_flodesk_segment_sync(
    caller: Caller,
    segment_id: SegmentId,
    people: Members | None = None,
    csv: CsvText | None = None,
    file: ListFile | None = None,
    where: AlikeConditions | None = None,
    match: Match = "all",
    remove_others: RemoveOthers | None = None,
) -> SyncPlan:
    """Make a segment exactly the people in a file, or who a search finds: keep a group in line (step) with customers,
    who should be in the group, take the others out (remove_others). Creates nobody. A sync's report puts it back.
    Then start_flodesk_job.
    """
    source = {"people": people, "csv": csv, "file": file}
    return await plan_sync(caller, segment_id, source, where, match, remove_others=bool(remove_others))


@toolset.tool(
    "Carry out a plan",
    "POST /subscribers/batch",
    target=("plan_id",),
    destructive=True,
    check="get_flodesk_job without a job_id shows whether it began.",
    question=about_carrying_out,
)
async def start_flodesk_job(caller: Caller, plan_id: PlanId) -> StartedJob:
    """Do it now: go ahead with a plan, run the import or the sync, yes, start. Writes many people, which may start
    workflows; a person is asked. A plan is good once, 30 minutes. Then get_flodesk_job.
    """
    return await carry_out(caller, plan_id)


@toolset.button(start_flodesk_job)
async def press_flodesk_plan_button(caller: Caller, plan_id: PlanId, press: Press) -> StartedJob:
    """Carry out the plan whose button a person has pressed. Only the card that shows the plan can call this."""
    return await press_button(caller, plan_id, press)


@toolset.tool("Follow a job", "GET /subscribers")
async def get_flodesk_job(caller: Caller, job_id: JobId | None = None, wait_seconds: WaitSeconds = 0) -> FollowedJob:
    """See the status of a job, how far along it is: is the export finished yet, what happened to the import, is it
    done, were there errors, where is the result? wait_seconds waits for its end; without a job_id: the latest jobs. A
    job goes on by itself.
    """
    return await follow_job(caller, job_id, wait_seconds)


@toolset.tool(
    "Stop a job",
    "none: it ends requests of this server's own",
    target=("job_id",),
    idempotent=True,
    check="get_flodesk_job shows whether it was stopped.",
)
async def cancel_flodesk_job(caller: Caller, job_id: JobId) -> StoppedJob:
    """Stop a running job: cancel the import, abort or kill that export. It ends after the batch under way; what was
    done stays done. A stopped job cannot be continued.
    """
    return await cancel_job(caller, job_id)
