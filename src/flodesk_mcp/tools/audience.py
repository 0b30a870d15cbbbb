"""Tools that work on the whole list."""

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.tools.arguments import (
    Conditions,
    ExportFile,
    FileFormat,
    JobId,
    Limit,
    Match,
    NextCursor,
    Refresh,
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
    """Search (find, filter, look for, count) people among everybody on the list, by any field, custom fields and
    segments too: whose name, address or birthday is like this, who joined after a date, who is in one segment but has
    no first name. total_items counts all who match. Works on a copy of the list; as_of says how old it is.
    """
    return await find(
        caller.audience, where, match, fields, limit, next_cursor, refresh=bool(refresh), masked=caller.masked
    )


@toolset.tool("Export subscribers", "GET /subscribers")
async def export_flodesk_subscribers(
    caller: Caller,
    file_format: FileFormat = "csv",
    where: Conditions | None = None,
    match: Match = "all",
    fields: SubscriberFields | None = None,
    file: ExportFile | None = None,
) -> JobReport:
    """Export (download, back up, take out) everybody on the list, or all who match, as CSV or JSONL: a column for each
    custom field, segments by name. Reads the list anew first, overwrites no file; without an open folder the result is
    a resource in parts. What takes longer goes on as a job: follow it with get_flodesk_job.
    """
    return await begin_export(caller, file_format, where, match, fields, file)


@toolset.tool("Follow a job", "GET /subscribers")
async def get_flodesk_job(caller: Caller, job_id: JobId | None = None, wait_seconds: WaitSeconds = 0) -> FollowedJob:
    """See how far a job (an export) is: progress, when it ends about, what went wrong, where its result is. Waits for
    its end up to wait_seconds. Without job_id: the latest jobs. A job goes on by itself.
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
    """Stop (cancel, abort) a job that waits or runs, after the batch under way. What was done stays done; an incomplete
    file is removed. A stopped job cannot go on: begin another.
    """
    return await cancel_job(caller, job_id)
