"""Where the people of a plan come from: rows, text, a file, a job's report, another provider, or by a link."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from mcp_types import Tool

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.callers.exchange import Exchange, LinkTo, Reading
from flodesk_mcp.flodesk import InvalidArgument
from flodesk_mcp.tools.spec import ToolSpec

if TYPE_CHECKING:
    from flodesk_mcp.audience.source import Source

__all__ = ["source_of", "told_of_link", "with_other_sources"]

READ = (".csv", ".json", ".jsonl", ".tsv", ".xlsx")
REPORT_OF_JOB = "flodesk://jobs/"

ReadingOf = Callable[[], Awaitable[Reading]]


async def source_of(caller: Caller, given: Mapping[str, Any], reading: ReadingOf) -> "Source | LinkTo":
    """Return the one source among `people`, `csv`, `file` and `from_provider`, or a link by which a person sends one.

    `reading` says what a file would be for. Raises InvalidArgument, FileRefused, FlodeskError.
    """
    names = [name for name, value in given.items() if value is not None and name != "from_segment"]
    if given.get("from_segment") is not None and given.get("from_provider") is None:
        raise InvalidArgument("from_segment needs from_provider: a segment of which marketing tool?")
    if len(names) > 1 or not (names or caller.exchange):
        said = " and ".join(names) + " are given" if names else "none is given"
        raise InvalidArgument(f"Give exactly one of people, csv and file: {said}.")
    from flodesk_mcp.audience.files import open_csv, open_people

    if provider := given.get("from_provider"):
        return partial(open_people, await _taken_over(caller, provider, given.get("from_segment")))
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


def with_other_sources(spec: ToolSpec, caller: Caller) -> Tool:
    """Return a tool of the toolset audience: an import can come from the other providers, where there are any."""
    if spec.name != "plan_flodesk_import" or not caller.tool_filter.allows_toolset("unified"):
        return spec.advertised
    others = caller.providers.ids[1:]
    if not others:
        return spec.advertised
    source = {"type": "string", "description": "Take over its contacts; tags become segments.", "enum": others}
    part = {"type": "string", "description": "Only this segment or tag there."}
    properties = {**spec.input_schema["properties"], "from_provider": source, "from_segment": part}
    return spec.advertised.model_copy(update={"input_schema": {**spec.input_schema, "properties": properties}})


async def _taken_over(caller: Caller, provider: str, segment: str | None) -> list[dict[str, Any]]:
    """Return the contacts of another provider. Raises InvalidArgument, FlodeskError."""
    if not caller.tool_filter.allows_toolset("unified"):
        raise InvalidArgument("from_provider needs the toolset unified, which is turned off.")
    there = caller.providers.get(provider)
    there.check("plan_flodesk_import", {"from_segment": segment})
    if segment is not None:
        caller.providers.check_belongs(there, segment)
    return await caller.providers.everybody(there, segment)


async def _sent_or_asked_for(exchange: Exchange, file: str | None, reading: ReadingOf) -> "Source | LinkTo":
    if file and (sent := await exchange.sent(file)):
        return sent
    return await exchange.ask_for(file, await reading())


def _in_folder(caller: Caller, file: str) -> "Source":
    from flodesk_mcp.audience.files import open_file
    from flodesk_mcp.audience.folders import Folders

    return partial(open_file, Folders(caller.folders).file(file, READ))
