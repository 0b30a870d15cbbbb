"""Puts the fixtures into our server, behind everything that ours are behind: their turn comes after our handlers'."""

from collections.abc import Mapping
from typing import Any

from mcp.server.lowlevel.server import Server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    GetPromptRequestParams,
    GetPromptResult,
    InputRequiredResult,
    ReadResourceRequestParams,
    ReadResourceResult,
)

from . import asking, contents
from .fixture import Context, text

FIXTURES = {fixture.name: fixture for fixture in (*contents.TOOLS, *asking.TOOLS)}
PROMPTS = {prompt.name for prompt in contents.PROMPTS}


def with_fixtures(server: Server[Any]) -> Server[Any]:
    """Return the server, which knows the fixtures beside what it knows."""

    def wrap(method: str, handler: Any) -> None:
        entry = server.get_request_handler(method)
        assert entry

        async def handle(context: Context, params: Any) -> Any:
            return await handler(entry.handler, context, params)

        server.add_request_handler(method, entry.params_type, handle)

    ours = server.get_tool_input_schema
    assert ours

    def schema(name: str) -> Mapping[str, Any] | None:
        return FIXTURES[name].input_schema if name in FIXTURES else ours(name)

    server.get_tool_input_schema = schema
    wrap("tools/list", _listing("tools", _advertised))
    wrap("tools/call", _call)
    wrap("resources/list", _listing("resources", lambda _: contents.RESOURCES))
    wrap("resources/templates/list", _listing("resource_templates", lambda _: contents.TEMPLATES))
    wrap("resources/read", _read)
    wrap("prompts/list", _listing("prompts", lambda _: contents.PROMPTS))
    wrap("prompts/get", _get_prompt)
    return server


def _advertised(context: Context) -> list[Any]:
    return [fixture.advertised for fixture in context.lifespan_context.tool_filter.of(FIXTURES.values())]


def _listing(field: str, more: Any) -> Any:
    async def handle(ours: Any, context: Context, params: Any) -> Any:
        listed = await ours(context, params)
        return listed.model_copy(update={field: [*getattr(listed, field), *more(context)]})

    return handle


async def _call(ours: Any, context: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
    fixture = FIXTURES.get(params.name)
    if fixture is None:
        called: CallToolResult | InputRequiredResult = await ours(context, params)
        return called
    if reason := context.lifespan_context.tool_filter.why_off(fixture):
        return text(reason.text)
    return await fixture.call(context, params)


async def _read(ours: Any, context: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
    uri = str(params.uri)
    known = uri.startswith("test://template/") or uri in {resource.uri for resource in contents.RESOURCES}
    result: ReadResourceResult = contents.read(uri) if known else await ours(context, params)
    return result


async def _get_prompt(
    ours: Any, context: Context, params: GetPromptRequestParams
) -> GetPromptResult | InputRequiredResult:
    if params.name == "test_input_required_result_prompt" and (asked := asking.next_round(params, (asking.CONTEXT,))):
        return asked
    known = params.name in PROMPTS
    got: GetPromptResult = (
        contents.prompt(params.name, params.arguments or {}) if known else await ours(context, params)
    )
    return got
