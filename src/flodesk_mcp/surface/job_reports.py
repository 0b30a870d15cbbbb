"""The report of a job as resources: what became of each row, some thousands at a time."""

from mcp.shared.uri_template import UriTemplate
from mcp_types import ResourceTemplate, TextResourceContents

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.flodesk import InvalidArgument
from flodesk_mcp.tools import TOOLS

__all__ = ["REPORT_TEMPLATE", "REPORT_TOOL", "read_report_part", "report_part_of"]

REPORT_TOOL = TOOLS["get_flodesk_job"]
_URI = UriTemplate.parse("flodesk://jobs/{id}/report/{part}")

REPORT_TEMPLATE = ResourceTemplate(
    uri_template="flodesk://jobs/{id}/report/{part}",
    name="job-report",
    title="A part of the report of a job",
    description="Part 1, 2 and so on of a CSV with row, email, outcome and reason: what became of each row.",
    mime_type="text/csv",
)


def report_part_of(uri: str) -> tuple[str, str] | None:
    """Return the job and the part that `uri` names, or None if it is no address of a part."""
    try:
        found = _URI.match(uri)
    except ValueError:
        return None
    return None if found is None else (str(found["id"]), str(found["part"]))


async def read_report_part(caller: Caller, uri: str, id: str, part: str) -> TextResourceContents:
    """Return a part of the report of a job of the caller's account.

    Raises NoSuchJob, InvalidArgument for a part that there is not, and where personal data is masked.
    """
    from flodesk_mcp.audience.job_report import report_part  # with the first one: it brings SQLAlchemy with it

    if caller.masked:
        raise InvalidArgument("A report holds personal data, which is masked here (FLODESK_PERSONAL_DATA).")
    jobs = caller.audience.jobs
    await jobs.get(id)
    number = int(part) if part.isascii() and part.isdigit() and len(part) < 7 else 0  # noqa: PLR2004 - no id
    text = await report_part(jobs, id, number) if number else None
    if text is None:
        raise InvalidArgument("There is no such part: the last one came before it, or no row has an outcome yet.")
    return TextResourceContents(uri=uri, text=text, mime_type="text/csv")
