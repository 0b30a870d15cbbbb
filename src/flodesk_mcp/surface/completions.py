"""Completions of the names that an account has."""

from collections.abc import Awaitable, Callable, Iterable

from mcp.server.mcpserver import MCPServer
from mcp_types import Completion, CompletionArgument, CompletionContext, PromptReference, ResourceTemplateReference

from flodesk_mcp.flodesk import FlodeskClient, FlodeskError
from flodesk_mcp.surface.request import current_request, is_on
from flodesk_mcp.tools import Accounts, tool_named, visible

__all__ = ["add_completions"]

MAX_VALUES = 100  # the protocol's


async def _segments(flodesk: FlodeskClient) -> Iterable[str]:
    return (await flodesk.segments.names.by_id()).values()


async def _workflows(flodesk: FlodeskClient) -> Iterable[str]:
    return (await flodesk.workflows.names.by_id()).values()


async def _custom_fields(flodesk: FlodeskClient) -> Iterable[str]:
    return (await flodesk.custom_fields.labels()).values()


NAMES: dict[str, tuple[str, Callable[[FlodeskClient], Awaitable[Iterable[str]]]]] = {
    "segment": ("list_all_flodesk_segments", _segments),
    "flodesk://segments/{id}": ("list_all_flodesk_segments", _segments),
    "workflow": ("list_all_flodesk_workflows", _workflows),
    "custom_field": ("list_all_flodesk_custom_fields", _custom_fields),
}
"""By a prompt's argument, or a template: the tool that shows the names, and where they come from."""


def add_completions(server: MCPServer[Accounts]) -> None:
    """Register the completion of segment, workflow and custom-field names."""

    @server.completion()  # type: ignore[no-untyped-call, untyped-decorator] # the SDK gives it no types
    async def complete(
        ref: PromptReference | ResourceTemplateReference, argument: CompletionArgument, _: CompletionContext | None
    ) -> Completion | None:
        tool, names = NAMES.get(ref.uri if isinstance(ref, ResourceTemplateReference) else argument.name, (None, None))
        if tool is None or names is None or not is_on(tool_named(tool)):
            return None
        request = current_request()
        try:
            known = await names(request.lifespan_context.client(request))
        except FlodeskError:
            return None  # somebody is typing: no suggestion is better than an error
        begun = argument.value.strip().casefold()
        fitting = sorted(
            {visible(name) for name in known if name and begun in name.casefold()},
            key=lambda name: (not name.casefold().startswith(begun), name.casefold()),
        )
        return Completion(values=fitting[:MAX_VALUES], total=len(fitting), has_more=len(fitting) > MAX_VALUES)
