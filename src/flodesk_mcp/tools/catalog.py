"""All toolsets and tools, in the order in which clients see them."""

from collections.abc import Mapping
from types import MappingProxyType

from flodesk_mcp.tools import (
    account,
    audience,
    campaigns,
    custom_fields,
    events,
    highlevel_social,
    segments,
    subscriber_actions,
    subscribers,
    unified,
    webhooks,
    workflows,
)
from flodesk_mcp.tools.spec import Toolset, ToolSpec

__all__ = ["BUTTONS", "CATALOG", "IN_ALL", "TOOLS", "TOOLSETS"]

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
    events.toolset,
    unified.toolset,
    highlevel_social.toolset,
)

CATALOG: tuple[ToolSpec, ...] = tuple(spec for toolset in TOOLSETS for spec in toolset.tools)

IN_ALL: tuple[ToolSpec, ...] = tuple(spec for spec in CATALOG if spec.toolset.in_all)
"""What `all` stands for: the rest needs more than Flodesk's API, and is named by who wants it."""

TOOLS: Mapping[str, ToolSpec] = MappingProxyType({spec.name: spec for spec in CATALOG})
"""The same by name."""

BUTTONS: Mapping[str, ToolSpec] = MappingProxyType(
    {spec.name: spec for toolset in TOOLSETS for spec in toolset.buttons}
)
"""What only cards call, by name: no model sees them."""
