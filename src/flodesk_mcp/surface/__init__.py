"""What a client is offered beside the tools: instructions, resources, prompts, completions. All obey the limits."""

from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import MCPServer

from flodesk_mcp.surface.completions import add_completions
from flodesk_mcp.surface.icon import ICON
from flodesk_mcp.surface.instructions import instructions
from flodesk_mcp.surface.prompts import PROMPTS, add_prompts
from flodesk_mcp.surface.refusals import refuse_the_unknown
from flodesk_mcp.surface.request import is_on, remember_request
from flodesk_mcp.surface.resources import RESOURCES, TEMPLATES, add_resources
from flodesk_mcp.tools import CATALOG, Accounts

__all__ = ["ICON", "add_surface", "advertise_what_is_on", "refuse_the_unknown", "remember_request"]


def add_surface(server: MCPServer[Accounts]) -> None:
    """Register everything that is offered beside the tools."""
    add_resources(server)
    add_prompts(server)
    add_completions(server)


async def advertise_what_is_on(ctx: ServerRequestContext[Any], call_next: CallNext) -> HandlerResult:
    """Be the middleware that leaves out of every list what the limits of its request turn off."""
    answer = await call_next(ctx)
    if not isinstance(answer, dict):
        return answer
    match ctx.method:
        case "initialize" | "server/discover":
            answer["instructions"] = instructions()
        case "tools/list":
            _keep(answer, "tools", "name", {spec.name for spec in CATALOG if is_on(spec)})
        case "resources/list":
            _keep(answer, "resources", "uri", {spec.uri for spec in RESOURCES if is_on(spec.tool)})
        case "resources/templates/list":
            _keep(answer, "resourceTemplates", "uriTemplate", {spec.uri for spec in TEMPLATES if is_on(spec.tool)})
        case "prompts/list":
            _keep(answer, "prompts", "name", {spec.name for spec in PROMPTS if spec.is_on()})
    return answer


def _keep(answer: dict[str, Any], items: str, key: str, wanted: set[str]) -> None:
    answer[items] = [item for item in answer[items] if item[key] in wanted]
