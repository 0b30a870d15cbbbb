"""All toolsets and tools, in the order in which clients see them."""

from flodesk_mcp.tools import (
    account,
    audience,
    campaigns,
    custom_fields,
    segments,
    subscriber_actions,
    subscribers,
    webhooks,
    workflows,
)
from flodesk_mcp.tools.spec import Toolset, ToolSpec

__all__ = ["CATALOG", "TOOLSETS", "tool_named"]

TOOLSETS: tuple[Toolset, ...] = (
    segments.toolset,
    subscribers.toolset,
    workflows.toolset,
    custom_fields.toolset,
    webhooks.toolset,
    subscriber_actions.toolset,
    campaigns.toolset,
    account.toolset,
    audience.toolset,
)

CATALOG: tuple[ToolSpec, ...] = tuple(spec for toolset in TOOLSETS for spec in toolset.tools)

_BY_NAME = {spec.name: spec for spec in CATALOG}


def tool_named(name: str) -> ToolSpec:
    """Return the tool of that name.

    Raises KeyError when there is none.
    """
    return _BY_NAME[name]
