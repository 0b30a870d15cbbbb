"""Where the people of a plan come from: rows, text, a file in an open folder, the report of a job, or by a link."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.callers.exchange import Exchange, LinkTo, Reading
from flodesk_mcp.flodesk import InvalidArgument

if TYPE_CHECKING:
    from flodesk_mcp.audience.source import Source

__all__ = ["source_of", "told_of_link"]

READ = (".csv", ".json", ".jsonl", ".tsv", ".xlsx")
REPORT_OF_JOB = "flodesk://jobs/"

ReadingOf = Callable[[], Awaitable[Reading]]


async def source_of(caller: Caller, given: Mapping[str, Any], reading: ReadingOf) -> "Source | LinkTo":
    """Return the one source among `people`, `csv` and `file`, or a link by which a person sends one.

    `reading` says what a file would be for. Raises InvalidArgument, FileRefused, FlodeskError.
    """
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1 or not (names or caller.exchange):
        said = " and ".join(names) + " are given" if names else "none is given"
        raise InvalidArgument(f"Give exactly one of people, csv and file: {said}.")
    from flodesk_mcp.audience.files import open_csv, open_people

    if given["people"] is not None:
        return partial(open_people, given["people"])
    if given["csv"] is not None:
        return partial(open_csv, given["csv"])
    file: str | None = given["file"]
    if file and file.startswith(REPORT_OF_JOB):
        from flodesk_mcp.audience.job_report import report_of

        return report_of(caller.audience.jobs, file.removeprefix(REPORT_OF_JOB).partition("/")[0])
    if caller.exchange:
        return await _sent_or_asked_for(caller.exchange, file, reading)
    return _in_folder(caller, file or "")


def told_of_link(link: LinkTo) -> dict[str, Any]:
    """Return what is told instead of a plan, while a person has yet to send the file."""
    return {
        "upload_url": link.url,
        "expires_at": datetime.fromtimestamp(link.expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "file": link.file,
        "notice": (
            "No plan yet: give your user this link. It opens a page on which they choose the file, look at it and send "
            f"it. When they say that it is sent, call this again, with file set to {link.file!r}."
        ),
    }


async def _sent_or_asked_for(exchange: Exchange, file: str | None, reading: ReadingOf) -> "Source | LinkTo":
    if file and (sent := await exchange.sent(file)):
        return sent
    return await exchange.ask_for(file, await reading())


def _in_folder(caller: Caller, file: str) -> "Source":
    from flodesk_mcp.audience.files import open_file
    from flodesk_mcp.audience.folders import Folders

    return partial(open_file, Folders(caller.folders).file(file, READ))
