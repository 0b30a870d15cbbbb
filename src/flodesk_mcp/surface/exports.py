"""The parts of an export that was not written to a file, as resources: put together they are the file."""

import json

from mcp.shared.uri_template import UriTemplate
from mcp_types import ResourceTemplate, TextResourceContents

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.flodesk import InvalidArgument
from flodesk_mcp.tools import TOOLS

__all__ = ["EXPORT_TEMPLATE", "EXPORT_TOOL", "export_part_of", "read_export_part"]

EXPORT_TOOL = TOOLS["export_flodesk_subscribers"]
_URI = UriTemplate.parse("flodesk://exports/{id}/{part}")
MANIFEST = "manifest"
MIME_TYPES = {"csv": "text/csv", "jsonl": "application/jsonl", MANIFEST: "application/json"}

EXPORT_TEMPLATE = ResourceTemplate(
    uri_template="flodesk://exports/{id}/{part}",
    name="export",
    title="A part of an export",
    description="Part 1, 2 and so on of an export's CSV or JSONL, which together are the file; or its `manifest`.",
)


def export_part_of(uri: str) -> tuple[str, str] | None:
    """Return the job and the part that `uri` names, or None if it is no address of a part."""
    try:
        found = _URI.match(uri)
    except ValueError:
        return None
    return None if found is None else (str(found["id"]), str(found["part"]))


async def read_export_part(caller: Caller, uri: str, id: str, part: str) -> TextResourceContents:
    """Return a part of an export of the caller's account, or its manifest.

    Raises NoSuchJob, InvalidArgument for a part that there is not.
    """
    job = await caller.audience.jobs.get(id)
    manifest = (job.result or {}).get("manifest")
    if job.kind != "export" or manifest is None:
        raise InvalidArgument("This export has no result: get_flodesk_job tells how far it is.")
    if caller.masked and not job.arguments["masked"]:
        raise InvalidArgument("This export holds personal data, which is masked here (FLODESK_PERSONAL_DATA).")
    if part == MANIFEST:
        text, kind = json.dumps(manifest, ensure_ascii=False), MANIFEST
    else:
        number = int(part) if part.isascii() and part.isdigit() and len(part) < 10 else 0  # noqa: PLR2004 - no id
        found = await caller.audience.jobs.part(id, number)
        if found is None:
            there = job.result.get("parts") if job.result else None
            raise InvalidArgument(
                f"There is no such part. It had {there or 0}, which are kept for a week; export again for a new one."
            )
        text, kind = found, manifest["format"]
    return TextResourceContents(uri=uri, text=text, mime_type=MIME_TYPES[kind])
