"""The account as resources: what the reading tools return, under addresses."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from mcp.shared.exceptions import MCPError
from mcp.shared.uri_template import UriTemplate
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)
from pydantic import ValidationError
from pydantic_core import to_json

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.flodesk import FlodeskError, InvalidArgument, NotFound
from flodesk_mcp.surface.exports import EXPORT_TEMPLATE, EXPORT_TOOL, export_part_of, read_export_part
from flodesk_mcp.surface.job_reports import REPORT_TEMPLATE, REPORT_TOOL, read_report_part, report_part_of
from flodesk_mcp.tools import (
    TOOLS,
    Refused,
    ToolSpec,
    explain,
    explain_arguments,
    mask_addresses,
    result_of,
)

__all__ = ["RESOURCES", "TEMPLATES", "read_resource", "resources_for", "templates_for"]

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
        return self.uri.removeprefix("flodesk://").replace("/", "-")


@dataclass(frozen=True)
class TemplateSpec:
    """The same for many: the variables of `uri` are arguments of `tool`."""

    uri: str
    name: str
    title: str
    tool: ToolSpec

    @cached_property
    def _template(self) -> UriTemplate:
        return UriTemplate.parse(self.uri)

    def matched(self, uri: str) -> dict[str, Any] | None:
        """Return the arguments that `uri` stands for, or None if it is not of this template."""
        try:
            return self._template.match(uri)
        except ValueError:
            return None


RESOURCES = (
    ResourceSpec("flodesk://segments", "Segments", TOOLS["list_all_flodesk_segments"], {"limit": 100}),
    ResourceSpec("flodesk://segments/colors", "Segment colors", TOOLS["list_all_flodesk_segment_colors"]),
    ResourceSpec("flodesk://workflows", "Workflows", TOOLS["list_all_flodesk_workflows"], {"limit": 100}),
    ResourceSpec("flodesk://custom-fields", "Custom fields", TOOLS["list_all_flodesk_custom_fields"]),
    ResourceSpec("flodesk://events", "The latest events", TOOLS["list_flodesk_events"]),
    ResourceSpec("flodesk://account", "The connected account", TOOLS["get_flodesk_account"]),
)
TEMPLATES = (
    TemplateSpec(
        "flodesk://segments/{id}",
        "segment",
        "A segment, by id or name",
        TOOLS["get_single_flodesk_segment_by_id"],
    ),
    TemplateSpec(
        "flodesk://subscribers/{id_or_email}",
        "subscriber",
        "A subscriber, by id or e-mail address",
        TOOLS["get_single_flodesk_subscriber_by_id"],
    ),
    TemplateSpec("flodesk://jobs/{job_id}", "job", "A job, as far as it is", TOOLS["get_flodesk_job"]),
)

TEXTS: tuple[tuple[Callable[[str], Any], Callable[..., Any], ToolSpec, ResourceTemplate], ...] = (
    (export_part_of, read_export_part, EXPORT_TOOL, EXPORT_TEMPLATE),
    (report_part_of, read_report_part, REPORT_TOOL, REPORT_TEMPLATE),
)
"""Long texts in parts: what finds the part that an address names, what reads it, its tool and its template."""


def resources_for(tool_filter: ToolFilter) -> list[Resource]:
    """Return the resources that are on."""
    return [
        Resource(uri=spec.uri, name=spec.name, title=spec.title, description=spec.tool.description, mime_type=JSON)
        for spec in RESOURCES
        if tool_filter.allows(spec.tool)
    ]


def templates_for(tool_filter: ToolFilter) -> list[ResourceTemplate]:
    """Return the resource templates that are on."""
    return [
        ResourceTemplate(
            uri_template=spec.uri,
            name=spec.name,
            title=spec.title,
            description=f"One {spec.name} as JSON.",
            mime_type=JSON,
        )
        for spec in TEMPLATES
        if tool_filter.allows(spec.tool)
    ] + [template for _, _, tool, template in TEXTS if tool_filter.allows(tool)]


async def read_resource(caller: Caller, uri: str) -> ReadResourceResult:
    """Return what is under `uri`, for `caller`.

    Raises MCPError.
    """
    text = next((text for text in TEXTS if text[0](uri)), None)
    tool, title, arguments = (text[2], text[3].title, {}) if text else _found(uri)
    if reason := caller.tool_filter.why_off(tool):
        words = f"{title} is turned off: {reason.text}. Whoever runs this server can change it."
        raise _error(INVALID_PARAMS, words, uri) from Refused(words)
    try:
        if text:
            part_of, read, _, _ = text
            return ReadResourceResult(contents=[await read(caller, uri, *part_of(uri))])
        shown = await result_of(caller, tool, tool.checked(arguments))
    except ValidationError as error:
        raise _error(INVALID_PARAMS, explain_arguments(caller, tool, error), uri) from error
    except (NotFound, InvalidArgument) as error:
        raise _error(INVALID_PARAMS, explain(caller, tool, error), uri) from error
    except FlodeskError as error:
        raise _error(INTERNAL_ERROR, explain(caller, tool, error), uri) from error
    uri = mask_addresses(uri) if caller.masked else uri
    return ReadResourceResult(contents=[TextResourceContents(uri=uri, text=to_json(shown).decode(), mime_type=JSON)])


def _found(uri: str) -> tuple[ToolSpec, str, dict[str, Any]]:
    """Return the tool that is meant, its title here, and its arguments.

    A static resource first: an address that fits both is the static one.
    """
    for spec in RESOURCES:
        if spec.uri == uri:
            return spec.tool, spec.title, spec.arguments
    for template in TEMPLATES:
        if (arguments := template.matched(uri)) is not None:
            return template.tool, template.title, arguments
    raise _error(INVALID_PARAMS, f"Unknown resource: {uri}", uri)


def _error(code: int, text: str, uri: str) -> MCPError:
    return MCPError(code, text, {"uri": uri})
