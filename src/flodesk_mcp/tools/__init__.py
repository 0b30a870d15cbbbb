"""What an agent sees: the tools, in a fixed order."""

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
from flodesk_mcp.tools.calls import Accounts, FlodeskTool
from flodesk_mcp.tools.catalog import ToolSpec, tools_of
from flodesk_mcp.tools.confirmation import Confirm
from flodesk_mcp.tools.limits import Limits, UnknownName, refusal

__all__ = ["CATALOG", "Accounts", "Confirm", "FlodeskTool", "Limits", "ToolSpec", "UnknownName", "refusal"]

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
