"""Cards: pages that some clients show beside a result (MCP Apps), with a button on those that show a plan.

Over the connection of a client a press of the button looks like a call of its model. What tells them apart is a secret
that is made with the card and can be used for its plan alone. It comes in the `_meta` of the result, which a host hands
to the card and not to the model, and only to clients that declare to show cards: those that put `_meta` before their
model (Strands does) declare no such thing. The structured content would not do, for many clients show it to the model;
nor would the page, which hosts fetch ahead and keep, and models may read as a resource. The tool behind the button is
listed to the same clients alone, as one that hosts must keep from their models.
"""

from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from mcp_types import CallToolResult, ReadResourceResult, TextResourceContents, Tool

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.tools import BUTTONS, CARD_TYPE, TOOLS, ToolSpec, mask_addresses
from flodesk_mcp.tools.plans import headline_of

__all__ = ["BUTTON", "read_card", "with_button", "with_cards"]

PLAN, AUDIENCE = "ui://flodesk/plan.html", "ui://flodesk/audience.html"
CARDS_OF = {
    "plan_flodesk_import": PLAN,
    "plan_flodesk_segment_sync": PLAN,
    "get_flodesk_audience_report": AUDIENCE,
}
TITLES = {PLAN: "Plan", AUDIENCE: "Audience"}
BUTTON = "flodesk-mcp/button"
"""The key in the meta data of a plan under which its card finds the button."""

NOWHERE: dict[str, Any] = {"connectDomains": [], "resourceDomains": []}


def with_cards(caller: Caller, tools: list[Tool]) -> list[Tool]:
    """Return `tools` as a client that shows cards lists them: each with its card, and the buttons after them all."""
    buttons = [spec for spec in BUTTONS.values() if spec.presses and caller.tool_filter.allows(spec.presses)]
    return [_with_card(tool) for tool in tools] + [_of_card_alone(spec.advertised) for spec in buttons]


def _with_card(tool: Tool) -> Tool:
    if (uri := CARDS_OF.get(tool.name)) is None:
        return tool
    meta = {"ui": {"resourceUri": uri}, "ui/resourceUri": uri}  # older hosts know the flat key alone
    return tool.model_copy(update={"meta": meta})


def _of_card_alone(tool: Tool) -> Tool:
    return tool.model_copy(update={"meta": {"ui": {"visibility": ["app"]}}})


def read_card(caller: Caller, uri: str) -> ReadResourceResult | None:
    """Return the page under `uri`, None where there is no card or none of its tools is on."""
    tools = [TOOLS[name] for name, card in CARDS_OF.items() if card == uri]
    if not caller.tool_filter.of(tools):
        return None
    meta = {"ui": {"csp": NOWHERE, "prefersBorder": True}}
    page = TextResourceContents(uri=uri, text=_page(uri), mime_type=CARD_TYPE, _meta=meta)
    return ReadResourceResult(contents=[page])


async def with_button(caller: Caller, spec: ToolSpec, result: CallToolResult) -> CallToolResult:
    """Return the result of a call, with a button where it is a plan that the caller may carry out."""
    start = TOOLS["start_flodesk_job"]
    plan_id = (result.structured_content or {}).get("plan_id")
    if CARDS_OF.get(spec.name) != PLAN or plan_id is None or not caller.tool_filter.allows(start):
        return result
    plans = caller.audience.plans
    headline = headline_of(await plans.open(plan_id))
    button = {
        "press": await plans.give_button(plan_id),
        "headline": mask_addresses(headline) if caller.masked else headline,
    }
    return result.model_copy(update={"meta": {**(result.meta or {}), BUTTON: button}})


@cache
def _page(uri: str) -> str:
    """Return the page under `uri`: whole in itself, for it may load nothing."""
    parts = Path(__file__).parent / "card_pages"
    name = uri.rpartition("/")[2].removesuffix(".html")
    style = Path(__file__).parents[1] / "audience" / "report_page.css"
    return Template((parts / "card.html").read_text(encoding="utf-8")).substitute(
        title=TITLES[uri],
        style=style.read_text(encoding="utf-8") + (parts / "card.css").read_text(encoding="utf-8"),
        script="\n".join((parts / f"{part}.js").read_text(encoding="utf-8") for part in ("host", "elements", name)),
    )
