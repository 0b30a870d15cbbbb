"""The account as resources: what the reading tools return, under addresses."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from pydantic import ValidationError
from pydantic_core import to_json

from flodesk_mcp.flodesk import FlodeskError, InvalidArgument, NotFound
from flodesk_mcp.surface.request import current_request, why_off
from flodesk_mcp.tools import Accounts, ToolSpec, explain, explain_arguments, result_of, tool_named

__all__ = ["RESOURCES", "TEMPLATES", "add_resources"]

JSON = "application/json"


@dataclass(frozen=True)
class ResourceSpec:
    """A resource shows what `tool` returns, and is on where the tool is."""

    uri: str
    title: str
    tool: ToolSpec
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its place below flodesk://, as a word."""
        return self.uri.removeprefix("flodesk://").replace("/", "-").strip("{}")


RESOURCES = (
    ResourceSpec("flodesk://segments", "Segments", tool_named("list_all_flodesk_segments"), {"limit": 100}),
    ResourceSpec("flodesk://segments/colors", "Segment colors", tool_named("list_all_flodesk_segment_colors")),
    ResourceSpec("flodesk://workflows", "Workflows", tool_named("list_all_flodesk_workflows"), {"limit": 100}),
    ResourceSpec("flodesk://custom-fields", "Custom fields", tool_named("list_all_flodesk_custom_fields")),
    ResourceSpec("flodesk://account", "The connected account", tool_named("get_flodesk_account")),
)
TEMPLATES = (
    ResourceSpec("flodesk://segments/{id}", "A segment, by id or name", tool_named("get_single_flodesk_segment_by_id")),
    ResourceSpec(
        "flodesk://subscribers/{id_or_email}",
        "A subscriber, by id or e-mail address",
        tool_named("get_single_flodesk_subscriber_by_id"),
    ),
)


def add_resources(server: MCPServer[Accounts]) -> None:
    """Register every resource. A static one first: an address that fits both is the static one."""
    for spec in RESOURCES:
        server.resource(spec.uri, name=spec.name, title=spec.title, description=spec.tool.description, mime_type=JSON)(
            _reader(spec)
        )

    segment, subscriber = TEMPLATES

    @server.resource(segment.uri, name="segment", title=segment.title, mime_type=JSON)
    async def one_segment(id: str) -> str:
        """One segment as JSON."""
        return await _read(segment, id=id)

    @server.resource(subscriber.uri, name="subscriber", title=subscriber.title, mime_type=JSON)
    async def one_subscriber(id_or_email: str) -> str:
        """One subscriber as JSON."""
        return await _read(subscriber, id_or_email=id_or_email)


def _reader(spec: ResourceSpec) -> Callable[[], Awaitable[str]]:
    async def read() -> str:
        return await _read(spec, **spec.arguments)

    return read


async def _read(spec: ResourceSpec, **arguments: Any) -> str:
    request = current_request()
    if reason := why_off(spec.tool):
        raise ResourceNotFoundError(f"{spec.title} is turned off: {reason}. Whoever runs this server can change it.")
    source = request.lifespan_context.credential_source(request)
    try:
        return to_json(await result_of(spec.tool, request, spec.tool.checked(arguments))).decode()
    except ValidationError as error:
        raise ResourceNotFoundError(explain_arguments(spec.tool, error)) from error
    except (NotFound, InvalidArgument) as error:
        raise ResourceNotFoundError(explain(spec.tool, error, source)) from error
    except FlodeskError as error:
        raise ResourceError(explain(spec.tool, error, source)) from error
