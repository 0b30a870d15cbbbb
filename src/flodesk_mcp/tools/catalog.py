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

__all__ = ["BUTTONS", "CATALOG", "TOOLSETS", "tool_named"]

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

BUTTONS: tuple[ToolSpec, ...] = tuple(spec for toolset in TOOLSETS for spec in toolset.buttons)
"""What only cards call: no model sees them."""

_BY_NAME = {spec.name: spec for spec in CATALOG}
_BUTTON_BY_NAME = {spec.name: spec for spec in BUTTONS}


def tool_named(name: str, *, buttons: bool = False) -> ToolSpec:
    """Return the tool of that name, one that only cards call if `buttons` are wanted, too.

    Raises KeyError when there is none.
    """
    return (_BUTTON_BY_NAME if buttons and name in _BUTTON_BY_NAME else _BY_NAME)[name]
