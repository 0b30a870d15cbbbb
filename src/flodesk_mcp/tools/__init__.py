"""What an agent sees: the tools, in a fixed order."""

from flodesk_mcp.callers.tool_filter import ToolFilter, ToolsetOff, UnknownTool, closed_by, nearest, refusal
from flodesk_mcp.tools import (
    account,
    campaigns,
    custom_fields,
    segments,
    subscriber_actions,
    subscribers,
    webhooks,
    workflows,
)
from flodesk_mcp.tools.call import Accounts, FlodeskTool, result_of
from flodesk_mcp.tools.confirmation import Confirm
from flodesk_mcp.tools.errors import explain, explain_arguments
from flodesk_mcp.tools.results import visible
from flodesk_mcp.tools.spec import ToolSpec, tools_of

__all__ = [
    "CATALOG",
    "Accounts",
    "Confirm",
    "FlodeskTool",
    "ToolFilter",
    "ToolSpec",
    "ToolsetOff",
    "UnknownTool",
    "closed_by",
    "explain",
    "explain_arguments",
    "nearest",
    "refusal",
    "result_of",
    "tool_named",
    "visible",
]

CATALOG: tuple[ToolSpec, ...] = tuple(
    spec
    for module in (
        segments,
        subscribers,
        workflows,
        custom_fields,
        webhooks,
        subscriber_actions,
        campaigns,
        account,
    )
    for spec in tools_of(module)
)

_BY_NAME = {spec.name: spec for spec in CATALOG}


def tool_named(name: str) -> ToolSpec:
    """Return the tool of a name that is known to exist."""
    return _BY_NAME[name]
