"""Completions of the names that an account has."""

from collections.abc import Awaitable, Callable, Iterable

from mcp_types import Completion, CompletionArgument, PromptReference, ResourceTemplateReference

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.flodesk import FlodeskClient, FlodeskError
from flodesk_mcp.tools import TOOLS, mask_addresses, visible

__all__ = ["complete"]

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


async def complete(
    caller: Caller, ref: PromptReference | ResourceTemplateReference, argument: CompletionArgument
) -> Completion:
    """Return the names of segments, workflows or custom fields that fit what was typed; none where they are off."""
    known_by = ref.uri if isinstance(ref, ResourceTemplateReference) else argument.name
    tool, names = NAMES.get(known_by, (None, None))
    if tool is None or names is None or not caller.tool_filter.allows(TOOLS[tool]):
        return Completion(values=[])
    try:
        known = await names(caller.flodesk)
    except FlodeskError:
        return Completion(values=[])  # somebody is typing: no suggestion is better than an error
    shown = map(visible, known)
    if caller.masked:
        shown = map(mask_addresses, shown)  # before they are compared: what fits would tell what is masked
    begun = argument.value.strip().casefold()
    fitting = sorted(
        {name for name in shown if name and begun in name.casefold()},
        key=lambda name: (not name.casefold().startswith(begun), name.casefold()),
    )
    return Completion(values=fitting[:MAX_VALUES], total=len(fitting), has_more=len(fitting) > MAX_VALUES)
