"""Links by which people get what a job made, where a caller and its server share no folders."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.callers.exchange import Leaving
from flodesk_mcp.flodesk import InvalidArgument

if TYPE_CHECKING:
    from flodesk_mcp.audience.job import Job

__all__ = ["download_name", "download_of"]

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._()-]{0,99}")


def download_name(file: str, file_format: str) -> str:
    """Return what a person's file will be called. Raises InvalidArgument for what is no plain name of that format."""
    if not _PLAIN.fullmatch(file) or not file.lower().endswith(f".{file_format}"):
        raise InvalidArgument(
            f"here `file` is only what your user's download is called: letters and digits without a folder, ending in "
            f".{file_format}."
        )
    return file


async def download_of(caller: Caller, job: "Job") -> str | None:
    """Return a link to what a job made, None where there is nothing, or nothing that this caller may get."""
    if caller.exchange is None or not job.has_ended:
        return None
    made: Mapping[str, Any] = job.result or {}
    day = datetime.fromtimestamp(job.ended_at or 0, UTC).strftime("%Y-%m-%d")
    if job.kind == "export":
        if "parts" not in made or (caller.masked and not job.arguments["masked"]):
            return None
        if await caller.audience.jobs.part(job.id, 1) is None:  # it is kept for a week
            return None
        manifest = made["manifest"]
        leaving = Leaving(job.id, "export", manifest["file"] or f"subscribers-{day}.{manifest['format']}")
    elif caller.masked or not (job.written or job.failed or job.skipped):
        return None
    else:
        leaving = Leaving(job.id, "report", f"{job.kind}-report-{day}.csv")
    link = await caller.exchange.offer(leaving)
    return link.url if link else None
