"""One tool call: check the arguments, call Flodesk, shape the answer or the error."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata
from mcp_types import CallToolResult, TextContent
from pydantic import PrivateAttr, ValidationError
from pydantic_core import to_json

from flodesk_mcp.flodesk import FlodeskClient, FlodeskError, call_budget
from flodesk_mcp.tools.catalog import ToolSpec
from flodesk_mcp.tools.explanations import explain, explain_arguments
from flodesk_mcp.tools.limits import Limits, refusal
from flodesk_mcp.tools.results import compact

__all__ = ["Accounts", "FlodeskTool"]


class Accounts(Protocol):
    """Knows whose Flodesk account a call is for."""

    @property
    def max_wait_seconds(self) -> float:
        """How long one call may wait."""

    def client(self, context: ServerRequestContext[Any]) -> FlodeskClient:
        """Return the client of the account that the request in `context` is for."""

    def credential_source(self, context: ServerRequestContext[Any]) -> str:
        """Return where the credential of the request in `context` was set: a 401 names it."""

    def limits(self, context: ServerRequestContext[Any]) -> Sequence[Limits]:
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
        """Call the tool and return a CallToolResult.

        Raises ToolError with a text for the agent; UnexpectedToolError, which holds no detail, for a crash.
        """
        request = context.request_context
        accounts: Accounts = request.lifespan_context
        if reason := refusal(accounts.limits(request), self._spec):
            raise ToolError(
                f"{self._spec.title} is turned off: {reason}. The person who runs this server can change it."
            )
        try:
            given = self._spec.arguments.model_validate(arguments).model_dump_one_level()
        except ValidationError as error:
            raise ToolError(explain_arguments(self._spec, error)) from error
        try:
            with call_budget(accounts.max_wait_seconds, _progress(context)):
                result = compact(await self._spec.function(accounts.client(request), **given))
        except FlodeskError as error:
            raise ToolError(explain(self._spec, error, accounts.credential_source(request))) from error
        except Exception as error:
            raise UnexpectedToolError(
                f"{self._spec.title} failed: this server has a defect, its log says more."
            ) from error
        return CallToolResult(
            content=[TextContent(type="text", text=to_json(result).decode())], structured_content=result
        )


def _progress(context: Context[Any]) -> Callable[[float, float], Awaitable[None]]:
    async def report(waited: float, seconds: float) -> None:
        await context.report_progress(waited, seconds, f"Waiting {seconds:.0f} s for Flodesk")

    return report
