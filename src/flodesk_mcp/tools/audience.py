"""Tools that work on the whole list."""

from pydantic import BaseModel

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.tools.arguments import (
    Conditions,
    Days,
    ExportFile,
    FileFormat,
    JobId,
    Limit,
    Match,
    NextCursor,
    Refresh,
    SegmentId,
    SubscriberFields,
    WaitSeconds,
)
from flodesk_mcp.tools.finding import FoundSubscribers, find
from flodesk_mcp.tools.job_reports import FollowedJob, JobReport, begin_export, cancel_job, follow_job
from flodesk_mcp.tools.spec import Toolset

toolset = Toolset("audience", "work on the whole list")


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
    """Search everybody: find people called by some name, look for subscribers by any field or custom field (city,
    birthday, favourite flower), filter contacts, everyone in a segment who has no first name, people who joined after a
    date or signed up in the last weeks, how many have gmail, is there anybody whose field is empty, I only remember her
    last name. total_items counts all. Searches a copy: as_of tells its age.
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
    report = await caller.audience.report(segment_id, days)
    return (report.without_addresses() if caller.masked else report).shortened()


@toolset.tool("Export subscribers", "GET /subscribers")
async def export_flodesk_subscribers(
    caller: Caller,
    file_format: FileFormat = "csv",
    where: Conditions | None = None,
    match: Match = "all",
    fields: SubscriberFields | None = None,
    file: ExportFile | None = None,
) -> JobReport:
    """Export the whole list, or all who match: download everybody, save all contacts to a CSV (Excel) spreadsheet or
    JSONL, get customers out into a file, make a backup. Reads the list anew first. Never overwrites a file; without an
    open folder the result is a resource in parts. What takes longer goes on as a job: get_flodesk_job.
    """
    return await begin_export(caller, file_format, where, match, fields, file)


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
async def cancel_flodesk_job(caller: Caller, job_id: JobId) -> JobReport:
    """Stop a running job: cancel the import, abort or kill that export. It ends after the batch under way; what was
    done stays done. A stopped job cannot be continued.
    """
    return await cancel_job(caller, job_id)
