"""What an agent sees: the tools, and what happens when one is called."""

from flodesk_mcp.tools.call import Declined, Refused, call_tool, result_of
from flodesk_mcp.tools.catalog import BUTTONS, CATALOG, IN_ALL, TOOLS, TOOLSETS
from flodesk_mcp.tools.confirmation import CARD_TYPE, CARDS, declares_cards, shows_cards
from flodesk_mcp.tools.errors import explain, explain_arguments
from flodesk_mcp.tools.masking import mask_addresses, mask_all
from flodesk_mcp.tools.spec import Toolset, ToolSpec
from flodesk_mcp.tools.visible import visible

__all__ = [
    "BUTTONS",
    "CARDS",
    "CARD_TYPE",
    "CATALOG",
    "IN_ALL",
    "TOOLS",
    "TOOLSETS",
    "Declined",
    "Refused",
    "ToolSpec",
    "Toolset",
    "call_tool",
    "declares_cards",
    "explain",
    "explain_arguments",
    "mask_addresses",
    "mask_all",
    "result_of",
    "shows_cards",
    "visible",
]
