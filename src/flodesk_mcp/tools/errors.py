"""What an agent is told when a call fails: what happened, and what to do next."""

import difflib
from collections.abc import Iterable, Mapping
from math import ceil

from pydantic import ValidationError

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.callers.tool_filter import nearest
from flodesk_mcp.flodesk import (
    BadRequest,
    FlodeskError,
    Forbidden,
    InvalidArgument,
    NoAnswer,
    NoCredential,
    NotFound,
    PartlyDone,
    QuotaExhausted,
    StatusError,
    Unauthorized,
    UnknownCustomField,
    UnknownName,
    UnreadableAnswer,
)
from flodesk_mcp.tools.arguments import SubscriberRow
from flodesk_mcp.tools.given import WrongRow
from flodesk_mcp.tools.masking import mask_addresses
from flodesk_mcp.tools.spec import ToolSpec
from flodesk_mcp.tools.visible import visible

__all__ = ["explain", "explain_arguments", "explain_name", "explain_row", "reason"]

MAX_PROBLEMS = 5

MAX_CANDIDATES = 50

LISTED_BY = {
    "campaign_id": "list_all_flodesk_campaigns",
    "campaigns": "list_all_flodesk_campaigns",
    "color": "list_all_flodesk_segment_colors",
    "custom_fields": "list_all_flodesk_custom_fields",
    "email": "list_all_flodesk_subscribers",
    "id_or_email": "list_all_flodesk_subscribers",
    "segment_id": "list_all_flodesk_segments",
    "segment_ids": "list_all_flodesk_segments",
    "segments": "list_all_flodesk_segments",
    "subscriber_actions": "list_all_flodesk_subscribers",
    "subscribers": "list_all_flodesk_subscribers",
    "webhooks": "list_all_flodesk_webhooks",
    "workflow_id": "list_all_flodesk_workflows",
    "workflows": "list_all_flodesk_workflows",
}
"""The tool that shows the valid values of an argument, or the things of a toolset."""


def explain(caller: Caller, tool: ToolSpec, error: FlodeskError) -> str:
    """Return the text for `error`, which names no tool that is off for `caller`, nor what such a tool would list."""
    return _shown(caller, f"{tool.title} failed: {_explained(caller, tool, error)}".rstrip())


def reason(caller: Caller, name: str, error: FlodeskError) -> str:
    """Return the same without saying what failed, for one of several things that the tool `name` does."""
    from flodesk_mcp.tools.catalog import TOOLS

    return _shown(caller, _explained(caller, TOOLS[name], error).rstrip())


def _shown(caller: Caller, text: str) -> str:
    return mask_addresses(text) if caller.masked else text


def _on(caller: Caller, names: Iterable[str]) -> list[str]:
    """Return the tools of those names that are on for `caller`."""
    from flodesk_mcp.tools.catalog import TOOLS  # whose tools explain rows with this module

    return [name for name in names if caller.tool_filter.allows(TOOLS[name])]


def _explained(caller: Caller, tool: ToolSpec, error: FlodeskError) -> str:  # noqa: PLR0911, PLR0912 - a table
    match error:
        case UnknownCustomField():
            return f"nothing was sent. {error} Flodesk would drop the value silently. {_fields(caller, error)}"
        case UnknownName():
            lister = _listers(tool).get(f"{error.kind}s", "")
            shown = not lister or _on(caller, [lister])
            return f"nothing was sent. {explain_name(error, lister) if shown else _unknown(error)}"
        case InvalidArgument():
            return f"nothing was sent. {error}"
        case PartlyDone(cause=QuotaExhausted() as cause):
            spent = f"The request quota of this {cause.service} account (429) is spent"
            return f"{error} {spent}: try again in {ceil(cause.retry_after)} seconds."
        case PartlyDone(cause=cause):
            return f"{error} {_explained(caller, tool, cause)}"
        case NoCredential():
            return f"nothing was sent, for there is no credential yet. {error}"
        case QuotaExhausted():
            return (
                f"the request quota of this {error.service} account (429) is spent, and the call did nothing. "
                f"Try again in {ceil(error.retry_after)} seconds. {error.advice}"
            )
        case Unauthorized():
            where = caller.source_for(error.service)
            return f"{error.service} refused the credential (401). The person who runs this server must check {where}."
        case Forbidden():
            said = f"{error.service} does not allow this with the credential in use ({error.status})."
            return f"{said}{_quoted(caller, error)} {error.advice}"
        case NotFound():
            said = f"{error.service} knows nothing under what was given ({error.status}).{_quoted(caller, error)}"
            return f"{said} {_where_to_look(caller, tool)}"
        case BadRequest():
            said = f"{error.service} does not accept it ({error.status}).{_quoted(caller, error)}"
            return f"{said} {error.advice or _where_to_look(caller, tool)}"
        case StatusError():
            said = f"{error.service} has a problem of its own ({error.status}).{_quoted(caller, error)}"
            return f"{said} {_what_now(caller, tool, error)}"
        case UnreadableAnswer() if not tool.reads_only:
            said = f"{error.service} accepted it ({error.status}), but its answer could not be read."
            return f"{said} {_check(caller, tool)}"
        case UnreadableAnswer():
            said = f"{error.service} answered ({error.status}) in a form that could not be read."
            return f"{said} Try again later. ({error})"
        case NoAnswer():
            return f"{error} {_what_now(caller, tool, error)}"
        case _:
            return str(error)


def _fields(caller: Caller, error: UnknownCustomField) -> str:
    """Return which custom fields there are, and how to make one."""
    told = []
    if _on(caller, [LISTED_BY["custom_fields"]]):
        known = ", ".join(f"{key[:80]} ({label[:80]!r})" for key, label in list(error.known.items())[:50]) or "none"
        told.append(f"Existing fields: {visible(known)}.")
    told += [f"A new one: {name}." for name in _on(caller, ["create_a_flodesk_custom_field"])]
    return " ".join(told)


def explain_name(error: UnknownName, lister: str = "") -> str:
    """Return what is wrong with a name, with the names and ids that there are; of very many those that come nearest.

    `lister` shows them all.
    """
    by_id, wanted = error.candidates, error.name.casefold()
    shown = list(by_id)
    if len(by_id) > MAX_CANDIDATES:
        near = difflib.SequenceMatcher(b=wanted)

        def likeness(known_id: str) -> float:
            near.set_seq1(by_id[known_id].casefold()[:80])
            return near.ratio()

        shown = sorted(by_id, key=likeness, reverse=True)[:MAX_CANDIDATES]
    listed = ", ".join(f"{by_id[known_id][:80]!r} is {known_id}" for known_id in shown) or "none"
    rest = len(by_id) - len(shown)
    more = f", and {rest} more" + (f" ({lister})" if lister else "") if rest else ""
    return _unknown(error, f"Candidates: {visible(listed)}{more}. ")


def _unknown(error: UnknownName, candidates: str = "") -> str:
    return f"{error} {candidates}Give the id or the exact name."


def _quoted(caller: Caller, error: StatusError) -> str:
    words = visible(error.message).strip()
    if words and caller.masked:
        return f" {error.service}'s words may hold personal data, which is masked here."
    return f" {error.service}'s words: {words!r}." if words else ""


def _what_now(caller: Caller, tool: ToolSpec, error: FlodeskError) -> str:
    if error.uncertain:
        return f"It may or may not have happened, so do not simply repeat it. {_check(caller, tool)}"
    if tool.reads_only or tool.idempotent:
        return "Try again in a minute; repeating it is safe."
    return "Nothing was changed. Try again in a minute."


def _check(caller: Caller, tool: ToolSpec) -> str:
    if tool.check:
        return tool.check
    on = _on(caller, [_listers(tool)[tool.toolset.id]])
    return f"Look with {on[0]} first." if on else "Look at it in Flodesk first."


def _listers(tool: ToolSpec) -> Mapping[str, str]:
    return tool.toolset.listed_by or LISTED_BY


def _where_to_look(caller: Caller, tool: ToolSpec) -> str:
    names = (tool.toolset.id if argument == "id" else argument for argument in tool.arguments.model_fields)
    known = _listers(tool)
    listers = _on(caller, sorted({known[name] for name in names if name in known}))
    return f"What exists: {', '.join(listers)}." if listers else ""


def explain_arguments(caller: Caller, tool: ToolSpec, error: ValidationError) -> str:
    """Return one sentence for each argument that is wrong, up to five."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    sentences = [
        _problem(str(problem["type"]), problem["loc"], problem["msg"], _valid_at(tool, problem["loc"]))
        for problem in problems[:MAX_PROBLEMS]
    ]
    if len(problems) > MAX_PROBLEMS:
        sentences.append(f"And {len(problems) - MAX_PROBLEMS} more.")
    return _shown(caller, f"{tool.title} failed: nothing was sent. " + " ".join(dict.fromkeys(sentences)))


def explain_row(row: WrongRow) -> str:
    """Return why a row of a batch cannot be sent."""
    valid = list(SubscriberRow.model_fields)
    problems = row.error.errors(include_url=False, include_context=False, include_input=False)[:MAX_PROBLEMS]
    return " ".join(_problem(str(found["type"]), found["loc"], found["msg"], valid) for found in problems)


def _valid_at(tool: ToolSpec, where: tuple[str | int, ...]) -> list[str]:
    """Return the names that are valid at a place: those of the arguments, or of a row in one."""
    schema = tool.input_schema
    for step in where[:-1]:
        schema = schema.get("items", {}) if isinstance(step, int) else schema.get("properties", {}).get(step, {})
    return list(schema.get("properties", {}))


def _problem(kind: str, where: tuple[str | int, ...], message: str, valid: list[str]) -> str:
    name = visible(".".join(map(str, where)))[:100]
    if kind == "extra_forbidden":
        return f"Unknown argument {name!r}.{nearest(str(where[-1])[:100], valid)} Valid: {', '.join(valid) or 'none'}."
    if kind == "missing":
        return f"Argument {name!r} is missing."
    if kind == "model_type":
        return f"Argument {name!r}: Input should be an object." if name else "Input should be an object."
    return f"Argument {name!r}: {message.removeprefix('Value error, ')}."
