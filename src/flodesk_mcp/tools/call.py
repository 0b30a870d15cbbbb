"""One tool call: check the arguments, ask where it matters, call Flodesk, shape the answer or the error."""

import logging
from typing import Any

import anyio.to_thread
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolRequestParams, CallToolResult, InputRequiredResult, TextContent
from pydantic import ValidationError
from pydantic_core import to_json

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.deadline import Report
from flodesk_mcp.flodesk import FlodeskClient, FlodeskError
from flodesk_mcp.tools.compact import compact, is_large
from flodesk_mcp.tools.confirmation import Asking, Way, shows_cards, way_to_ask
from flodesk_mcp.tools.errors import explain, explain_arguments
from flodesk_mcp.tools.masking import check_not_masked, mask_addresses
from flodesk_mcp.tools.spec import USED_IDS, ToolSpec
from flodesk_mcp.tools.telling import telling

__all__ = ["Declined", "Refused", "call_tool", "result_of"]

logger = logging.getLogger(__name__)


_NO_ELICITATION = " (FLODESK_CONFIRM=always), and this client cannot ask one."
_BY_BUTTON = (
    "this server asks a person before it (FLODESK_CONFIRM=always), by the button on the card of the plan, which your "
    "client shows. Ask your user to press it, and do not call this again."
)
_NO_SESSION = (
    ", and the request leaves no way to. Open a session: send `initialize`, and its Mcp-Session-Id with each request."
)


class Refused(Exception):
    """The call was not made; the message is for the agent."""


class Declined(Refused):
    """The person who was asked said no."""


async def call_tool(
    caller: Caller,
    spec: ToolSpec,
    context: ServerRequestContext[Any],
    params: CallToolRequestParams,
    asking: Asking,
) -> CallToolResult | InputRequiredResult:
    """Call the tool for `caller`, and return its answer, its error, or what the client must ask its user first."""
    try:
        result = await _called(caller, spec, context, params, asking)
    except Exception as error:
        caller.failed(error)
        return CallToolResult(content=[TextContent(type="text", text=_told(caller, spec, error))], is_error=True)
    if isinstance(result, InputRequiredResult):
        return result
    return CallToolResult(content=[TextContent(type="text", text=to_json(result).decode())], structured_content=result)


async def _called(
    caller: Caller,
    spec: ToolSpec,
    context: ServerRequestContext[Any],
    params: CallToolRequestParams,
    asking: Asking,
) -> dict[str, Any] | InputRequiredResult:
    if reason := caller.tool_filter.why_off(spec.presses or spec):
        raise Refused(f"{spec.title} is turned off: {reason.text}. Whoever runs this server can change it.")
    given = spec.checked(params.arguments or {})
    if caller.masked:
        check_not_masked(given)
    if unanswered := await _ask(caller, spec, context, params, asking, given):
        return unanswered
    with telling(context):
        return await result_of(caller, spec, given, _progress(context))


def _told(caller: Caller, spec: ToolSpec, error: Exception) -> str:
    """Return what an agent is told of a call that ended with `error`."""
    match error:
        case Refused():
            return str(error)
        case ValidationError():
            return explain_arguments(caller, spec, error)
        case FlodeskError():
            return explain(caller, spec, error)
        case _:
            logger.error("%s failed", spec.name, exc_info=error)
            return f"{spec.title} failed: a defect of this server, see its log."


async def result_of(
    caller: Caller, spec: ToolSpec, given: dict[str, Any], report: Report | None = None
) -> dict[str, Any]:
    """Return what the tool makes of checked arguments, for the account of `caller`. `report` is told of long waits.

    Raises FlodeskError.
    """
    with caller.deadline(report):
        used_ids = await _put_ids_for_names(spec, caller.flodesk, given)
        result = await spec.call(caller, given)
    beside = {USED_IDS: used_ids} if used_ids else {}
    if is_large(result):
        return await anyio.to_thread.run_sync(
            compact, result, beside, caller.masked
        )  # which takes long: others get their turn
    return compact(result, beside, caller.masked)


async def _ask(
    caller: Caller,
    spec: ToolSpec,
    context: ServerRequestContext[Any],
    params: CallToolRequestParams,
    asking: Asking,
    given: dict[str, Any],
) -> InputRequiredResult | None:
    """Ask the person behind the client, where the call destroys something and the operator did not say never."""
    if spec.question is None or caller.confirm == "never" or (spec.asked_for and given[spec.asked_for] is None):
        return None
    if spec.has_button and caller.confirm == "always" and shows_cards(context):
        raise Refused(f"{spec.title} was refused, and nothing was changed: {_BY_BUTTON}")
    way = way_to_ask(context)
    if way is Way.NONE and caller.confirm == "auto":
        return None
    if way is not Way.OPEN:
        why = _NO_SESSION if way is Way.UNKNOWN else _NO_ELICITATION
        raise Refused(f"{spec.title} was refused, and nothing was changed: this server asks a person before it{why}")
    with caller.deadline(_progress(context)):  # and not for as long as the person thinks
        question = await spec.asks(caller, given)
    if question is None:
        return None
    if caller.masked:
        question = mask_addresses(question)
    try:
        answer = await asking.ask(context, params, question, [spec.name, given])
    except MCPError as error:
        raise Refused(f"{spec.title}: this client could not ask the person, and nothing was changed.") from error
    if answer is False:
        raise Declined(f"{spec.title}: the person declined, and nothing was changed.")
    return answer if isinstance(answer, InputRequiredResult) else None


async def _put_ids_for_names(spec: ToolSpec, flodesk: FlodeskClient, given: dict[str, Any]) -> dict[str, str]:
    """Replace names in `given` by ids, and return which were replaced."""
    used: dict[str, str] = {}
    for argument, mark in spec.named.items():
        value = given[argument]
        if value is None:
            continue
        directory = flodesk.segments.names if mark.kind == "segment" else flodesk.workflows.names
        names = value if isinstance(value, list) else [value]
        ids = [await directory.id_of(name) for name in names]
        given[argument] = ids if isinstance(value, list) else ids[0]
        used |= {name: used_id for name, used_id in zip(names, ids, strict=True) if name != used_id}
    return used


def _progress(context: ServerRequestContext[Any]) -> Report:
    async def report(waited: float, seconds: float, service: str) -> None:
        left = max(round(seconds - waited), 1)
        told = f"Waiting for {service}: about {left} seconds left"
        await context.session.report_progress(round(waited), round(seconds), told)

    return report
