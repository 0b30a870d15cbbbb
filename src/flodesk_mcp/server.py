"""Wiring: from the catalog and the callers to an MCP server.

It is the SDK's low-level server, whose handlers get the request they answer: ARCHITECTURE.md says why.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from typing import Any

from httpx2 import AsyncBaseTransport
from mcp.server.caching import CacheHint
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    SERVER_INFO_META_KEY,
    CallToolRequestParams,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    GetPromptRequestParams,
    GetPromptResult,
    InputRequiredResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
)

from flodesk_mcp import HOMEPAGE, __version__
from flodesk_mcp.callers.caller import Caller, Callers
from flodesk_mcp.callers.single import single_caller
from flodesk_mcp.callers.tool_filter import ToolFilter, ToolsetOff, UnknownTool, nearest
from flodesk_mcp.claims import Claims
from flodesk_mcp.settings import Settings, SettingsError, variable
from flodesk_mcp.surface.cards import read_card, with_button, with_cards
from flodesk_mcp.surface.completions import complete
from flodesk_mcp.surface.icon import ICON
from flodesk_mcp.surface.instructions import instructions
from flodesk_mcp.surface.prompts import get_prompt, prompts_for
from flodesk_mcp.surface.resources import read_resource, resources_for, templates_for
from flodesk_mcp.surface.skills import SKILLS, GetSkillParams, entry_of, listed_skills, read_skill, skill_resources
from flodesk_mcp.surface.subscriptions import Subscriptions
from flodesk_mcp.tools import BUTTONS, CARDS, CATALOG, TOOLS, call_tool, mask_addresses, mask_all, shows_cards
from flodesk_mcp.tools.confirmation import ANSWER_SECONDS, Asking

__all__ = ["build_server", "operator_filter", "single_server"]

NAME = "flodesk-mcp"
FIXED = CacheHint(ttl_ms=3_600_000, scope="private")
CHANGING = CacheHint(ttl_ms=60_000, scope="private")

_COMPLETE = {"resultType": "complete", "ttlMs": FIXED.ttl_ms, "cacheScope": FIXED.scope}
"""What the SDK puts around the results of its own methods, around those of an extension, in both eras."""

Context = ServerRequestContext[Caller]
Paging = PaginatedRequestParams | None


class _Server(Server[Any]):
    """Names itself in a result by no more than the revision demands: some clients show all of it to their model."""

    @property
    def server_info_stamp(self) -> dict[str, Any]:
        return {"name": NAME, "version": __version__}

    @property
    def whole_stamp(self) -> dict[str, Any]:
        """What tells a client all about this server, once."""
        return super().server_info_stamp


def build_server(
    open_callers: Callable[[], AbstractAsyncContextManager[Callers]],
    question_keys: Sequence[bytes] = (),
    answers: Claims | None = None,
) -> Server[Any]:
    """Return a server with every tool, for the callers that `open_callers` opens for as long as it serves.

    Questions that are put in one request and answered in the next are sealed with the first of `question_keys`, and
    opened with any; without them, with a key that the server keeps until it ends. `answers` knows those that were
    used; without it, this server alone does.
    """
    sealing = RequestStateSecurity(keys=list(question_keys) or [secrets.token_bytes(32)], ttl=ANSWER_SECONDS)
    subscriptions = Subscriptions()
    server = _Server(
        NAME,
        title="Flodesk",
        website_url=HOMEPAGE,
        icons=[ICON],
        version=__version__,
        lifespan=lambda _: open_callers(),
        cache_hints={
            "tools/list": FIXED,
            "prompts/list": FIXED,
            "resources/list": FIXED,
            "resources/templates/list": FIXED,
            "resources/read": CHANGING,
        },
        get_tool_input_schema=lambda name: TOOLS[name].input_schema if name in TOOLS else None,
        on_list_tools=_list_tools,
        on_call_tool=partial(_call_tool, Asking(answers)),
        on_list_resources=_list_resources,
        on_list_resource_templates=_list_templates,
        on_read_resource=_read_resource,
        on_subscribe_resource=subscriptions.subscribe,
        on_unsubscribe_resource=subscriptions.unsubscribe,
        on_subscriptions_listen=subscriptions.listen,
        on_list_prompts=_list_prompts,
        on_get_prompt=_get_prompt,
        on_completion=_complete,
    )
    server.add_request_handler("skills/list", PaginatedRequestParams, _list_skills)
    server.add_request_handler("skills/get", GetSkillParams, _get_skill)
    server.middleware += [
        RequestStateBoundary(sealing, default_audience=NAME),
        partial(_find_caller, server.whole_stamp),
    ]
    return server


def single_server(settings: Settings, transport: AsyncBaseTransport | None = None) -> Server[Any]:
    """Return a server for the one account that `settings` name. `transport` leads elsewhere than to the network."""
    return build_server(lambda: single_caller(settings, operator_filter(settings), transport))


def operator_filter(settings: Settings) -> ToolFilter:
    """Return which tools the operator allows.

    Raises SettingsError for a name that does not exist, and for a tool whose toolset is off.
    """
    try:
        return ToolFilter.parse(
            "the configuration of this server",
            CATALOG,
            toolsets=settings.toolsets,
            tools=settings.tools,
            exclude_tools=settings.exclude_tools,
            read_only=settings.read_only,
            settings={name: variable(name) for name in ("toolsets", "tools", "exclude_tools", "read_only")},
        )
    except (UnknownTool, ToolsetOff) as error:
        raise SettingsError(str(error)) from error


async def _find_caller(
    whole_stamp: dict[str, Any], ctx: ServerRequestContext[Any], call_next: CallNext
) -> HandlerResult:
    """Be the middleware that finds out who calls, once, and hands it on in place of all callers."""
    callers: Callers = ctx.lifespan_context
    caller = callers.caller(ctx.request)
    try:
        answer = await call_next(replace(ctx, lifespan_context=caller))
    except MCPError as error:
        if caller.masked:
            raise _masked(error) from error.__cause__
        raise
    if not isinstance(answer, dict):
        return answer
    if ctx.method in {"initialize", "server/discover"}:
        answer["instructions"] = instructions(caller)  # the SDK's own are the same for everybody
        for offered in answer.get("capabilities", {}).values():
            if "listChanged" in offered:  # the SDK promises it wherever streams are served; no list here ever changes
                offered["listChanged"] = False
        if SERVER_INFO_META_KEY in (meta := answer.get("_meta") or {}):
            answer["_meta"] = {**meta, SERVER_INFO_META_KEY: whole_stamp}
        # To a client without cards nothing is said of them; and in `initialize` the SDK says nothing of extensions.
        extensions: dict[str, Any] = {SKILLS: {}} | ({CARDS: {}} if shows_cards(ctx) else {})
        answer["capabilities"] = {**answer["capabilities"], "extensions": extensions}
    return answer


def _masked(error: MCPError) -> MCPError:
    """Return `error` without the addresses that it quotes, from the request or from Flodesk."""
    return MCPError(error.code, mask_addresses(error.message), mask_all(error.data))


def _refuse_cursor(params: Paging) -> None:
    if params is not None and params.cursor is not None:
        raise MCPError(INVALID_PARAMS, "Unknown cursor: this list comes in one page. Leave the cursor out.")


async def _list_tools(ctx: Context, params: Paging) -> ListToolsResult:
    _refuse_cursor(params)
    tools = [spec.advertised_to(ctx.lifespan_context) for spec in ctx.lifespan_context.tool_filter.of(CATALOG)]
    return ListToolsResult(tools=with_cards(ctx.lifespan_context, tools) if shows_cards(ctx) else tools)


async def _call_tool(
    asking: Asking, ctx: Context, params: CallToolRequestParams
) -> CallToolResult | InputRequiredResult:
    spec = TOOLS.get(params.name) or (BUTTONS.get(params.name) if shows_cards(ctx) else None)
    if spec is None:
        near = nearest(params.name[:100], [spec.name for spec in ctx.lifespan_context.tool_filter.of(CATALOG)])
        raise MCPError(INVALID_PARAMS, f"Unknown tool {params.name[:100]!r}.{near}")
    result = await call_tool(ctx.lifespan_context, spec, ctx, params, asking)
    if shows_cards(ctx) and isinstance(result, CallToolResult) and not result.is_error:
        return await with_button(ctx.lifespan_context, spec, result)
    return result


async def _list_resources(ctx: Context, params: Paging) -> ListResourcesResult:
    _refuse_cursor(params)
    tool_filter = ctx.lifespan_context.tool_filter
    return ListResourcesResult(resources=resources_for(tool_filter) + skill_resources(tool_filter))


async def _list_templates(ctx: Context, params: Paging) -> ListResourceTemplatesResult:
    _refuse_cursor(params)
    return ListResourceTemplatesResult(resource_templates=templates_for(ctx.lifespan_context.tool_filter))


async def _read_resource(ctx: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
    uri = str(params.uri)
    if page := read_card(ctx.lifespan_context, uri):
        return page
    if file := read_skill(ctx.lifespan_context.tool_filter, uri):
        return file
    return await read_resource(ctx.lifespan_context, uri)


async def _list_skills(ctx: Context, params: Paging) -> dict[str, Any]:
    _refuse_cursor(params)
    return {"skills": listed_skills(ctx.lifespan_context.tool_filter), **_COMPLETE}


async def _get_skill(ctx: Context, params: GetSkillParams) -> dict[str, Any]:
    return {"skill": entry_of(ctx.lifespan_context.tool_filter, params.uri), **_COMPLETE}


async def _list_prompts(ctx: Context, params: Paging) -> ListPromptsResult:
    _refuse_cursor(params)
    return ListPromptsResult(prompts=prompts_for(ctx.lifespan_context.tool_filter))


async def _get_prompt(ctx: Context, params: GetPromptRequestParams) -> GetPromptResult:
    return get_prompt(ctx.lifespan_context, params.name, params.arguments or {})


async def _complete(ctx: Context, params: CompleteRequestParams) -> CompleteResult:
    return CompleteResult(completion=await complete(ctx.lifespan_context, params.ref, params.argument))
