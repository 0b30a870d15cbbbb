"""One tool call: check the arguments, ask where it matters, call Flodesk, shape the answer or the error."""

from collections.abc import Sequence
from typing import Any, Protocol

from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, InputRequiredResult, TextContent
from pydantic import PrivateAttr, ValidationError
from pydantic_core import to_json

from flodesk_mcp.callers.tool_filter import ToolFilter, refusal
from flodesk_mcp.deadline import Report
from flodesk_mcp.flodesk import FlodeskClient, FlodeskError, wait_deadline
from flodesk_mcp.tools.confirmation import Confirm, ask, can_ask
from flodesk_mcp.tools.errors import explain, explain_arguments
from flodesk_mcp.tools.results import compact
from flodesk_mcp.tools.spec import USED_IDS, ToolSpec

__all__ = ["Accounts", "FlodeskTool", "result_of"]


class Accounts(Protocol):
    """Knows whose Flodesk account a call is for, and what the call may do."""

    @property
    def max_wait_seconds(self) -> float:
        """How long one call may wait."""

    @property
    def confirm(self) -> Confirm:
        """Whether a person is asked before what cannot be undone."""

    def client(self, context: ServerRequestContext[Any]) -> FlodeskClient:
        """Return the client of the account that the request in `context` is for."""

    def credential_source(self, context: ServerRequestContext[Any]) -> str:
        """Return where the credential of the request in `context` was set: a 401 names it."""

    def limits(self, context: ServerRequestContext[Any]) -> Sequence[ToolFilter]:
        """Return the limits that hold for the request in `context`, the operator's first."""


class FlodeskTool(Tool):
    """A tool of the catalog as the SDK registers it."""

    _spec: ToolSpec = PrivateAttr()

    @classmethod
    def of(cls, spec: ToolSpec) -> "FlodeskTool":
        """Return what the SDK needs of `spec`."""
        registered = cls(
            fn=spec.function,
            name=spec.name,
            title=spec.title,
            description=spec.description,
            parameters=spec.input_schema,
            fn_metadata=FuncMetadata(arg_model=spec.arguments, output_schema=spec.output_schema),
            is_async=True,
            annotations=spec.annotations,
        )
        registered._spec = spec
        return registered

    async def run(self, arguments: dict[str, Any], context: Context[Any], convert_result: bool = False) -> Any:
        """Call the tool and return a CallToolResult, or what the client must ask its user first.

        Raises ToolError with a text for the agent; UnexpectedToolError, which holds no detail, for a crash.
        """
        spec, request = self._spec, context.request_context
        accounts: Accounts = request.lifespan_context
        if reason := refusal(accounts.limits(request), spec):
            raise ToolError(f"{spec.title} is turned off: {reason}. Whoever runs this server can change it.")
        try:
            given = spec.checked(arguments)
        except ValidationError as error:
            raise ToolError(explain_arguments(spec, error)) from error
        try:
            if unanswered := await _ask(spec, context, given):
                return unanswered
            result = await result_of(spec, request, given, _progress(context))
        except ToolError:
            raise
        except FlodeskError as error:
            raise ToolError(explain(spec, error, accounts.credential_source(request))) from error
        except Exception as error:
            raise UnexpectedToolError(f"{spec.title} failed: a defect of this server, see its log.") from error
        return CallToolResult(
            content=[TextContent(type="text", text=to_json(result).decode())], structured_content=result
        )


async def result_of(
    spec: ToolSpec, request: ServerRequestContext[Any], given: dict[str, Any], report: Report | None = None
) -> dict[str, Any]:
    """Return what the tool makes of checked arguments, for the account of `request`. `report` is told of long waits.

    Raises FlodeskError.
    """
    accounts: Accounts = request.lifespan_context
    flodesk = accounts.client(request)
    with wait_deadline(accounts.max_wait_seconds, report):
        used_ids = await _put_ids_for_names(spec, flodesk, given)
        result = await spec.function(flodesk, **given)
    return compact(result, {USED_IDS: used_ids} if used_ids else {})


async def _ask(spec: ToolSpec, context: Context[Any], given: dict[str, Any]) -> InputRequiredResult | None:
    """Ask the person behind the client, where the tool destroys something and the operator did not say never."""
    accounts: Accounts = context.request_context.lifespan_context
    confirm = accounts.confirm
    if spec.question is None or confirm == "never":
        return None
    if not can_ask(context):
        if confirm == "auto":
            return None
        raise ToolError(
            f"{spec.title} was refused, and nothing was changed: this server asks a person before it "
            "(FLODESK_CONFIRM=always), and this client cannot ask one."
        )
    with wait_deadline(accounts.max_wait_seconds, _progress(context)):  # and not for as long as the person thinks
        question = await spec.question(accounts.client(context.request_context), **given)
    try:
        answer = await ask(context, question, [spec.name, given])
    except MCPError as error:
        raise ToolError(f"{spec.title}: this client could not ask the person, and nothing was changed.") from error
    if answer is False:
        raise ToolError(f"{spec.title}: the person declined, and nothing was changed.")
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


def _progress(context: Context[Any]) -> Report:
    async def report(waited: float, seconds: float) -> None:
        await context.report_progress(waited, seconds, f"Waiting {seconds:.0f} s for Flodesk")

    return report
