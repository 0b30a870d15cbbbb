"""What reads sends nothing but GET, and under read-only nothing else can be provoked, whatever is called."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp import Client
from mcp.client.session import ClientRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CallToolResult,
    ElicitRequestParams,
    ElicitResult,
    InputRequiredResult,
    InputResponses,
    PromptReference,
    ResourceTemplateReference,
)

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings
from flodesk_mcp.surface.prompts import PROMPTS
from flodesk_mcp.surface.resources import RESOURCES, TEMPLATES
from flodesk_mcp.tools import IN_ALL, ToolSpec
from tools.agent import ERAS, Agent
from tools.examples import EXAMPLES
from tools.examples_beyond_default import BEYOND_DEFAULT

from .fuzzed import TEXTS, arguments_of

pytestmark = pytest.mark.anyio

READS = [spec for spec in IN_ALL if spec.reads_only]
WRITES = [spec for spec in IN_ALL if not spec.reads_only]
PLENTY = 3000
MODERN = ERAS[-1]
YES = ElicitResult(action="accept", content={})

# One connection serves all examples of a test: each only adds to what Flodesk saw.
fuzzing = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def calls_of(specs: Sequence[ToolSpec]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Return calls of any of the tools."""
    return st.sampled_from(specs).flatmap(lambda spec: st.tuples(st.just(spec.name), arguments_of(spec.input_schema)))


async def yes(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    """Be a person who agrees to everything."""
    return YES


async def connected_to_plenty(era: str, **limits: Any) -> AsyncIterator[Agent]:
    """Connect an agent whose person agrees to everything, to a Flodesk with as much quota as anybody wants."""
    sandbox = Sandbox(requests_per_minute=PLENTY)
    chosen = Settings.model_validate(
        {"sandbox": True, "toolsets": "all", "requests_per_minute": PLENTY, "batches_per_minute": PLENTY, **limits}
    )
    server = single_server(chosen, sandbox.transport())
    async with Client(server, mode=era, elicitation_callback=yes, cache=None) as client:
        yield Agent(client, sandbox)


@pytest.fixture
async def anything_goes(era: str) -> AsyncIterator[Agent]:
    async for agent in connected_to_plenty(era):
        yield agent


@pytest.fixture
async def read_only(era: str) -> AsyncIterator[Agent]:
    async for agent in connected_to_plenty(era, read_only=True, confirm="always"):
        yield agent


def methods(agent: Agent) -> set[str]:
    return {seen.method for seen in agent.sandbox.requests}


@fuzzing
@given(call=calls_of(READS))
async def test_a_tool_that_reads_sends_nothing_but_get(anything_goes: Agent, call: tuple[str, dict[str, Any]]) -> None:
    tool, arguments = call
    await anything_goes.answer(tool, **arguments)
    assert methods(anything_goes) <= {"GET"}


@pytest.mark.parametrize(
    "example",
    [example for example in (*EXAMPLES, *BEYOND_DEFAULT) if example.reads],
    ids=lambda example: example.tool,
)
async def test_a_valid_call_of_a_tool_that_reads_does_get_something(anything_goes: Agent, example: Any) -> None:
    await anything_goes.call(example.tool, **example.arguments)
    assert methods(anything_goes) == {"GET"}


@fuzzing
@given(call=calls_of(WRITES))
async def test_under_read_only_a_tool_that_writes_sends_nothing_at_all(
    read_only: Agent, call: tuple[str, dict[str, Any]]
) -> None:
    tool, arguments = call
    text = await read_only.refused(tool, **arguments)
    assert "FLODESK_READ_ONLY allows no tool that writes" in text
    assert not read_only.sent


ASKING = {
    "delete_a_flodesk_webhook_by_id",
    "unsubscribe_a_flodesk_subscriber",
    "update_a_flodesk_webhook_by_id",
}
VALID = {example.tool: example.arguments for example in (*EXAMPLES, *BEYOND_DEFAULT)} | {
    "start_flodesk_job": {"plan_id": "that nobody made"},
    "cancel_flodesk_job": {"job_id": "that nobody began"},
}


@pytest.mark.parametrize("spec", WRITES, ids=lambda spec: spec.name)
async def test_under_read_only_no_answer_to_a_question_helps(read_only: Agent, era: str, spec: ToolSpec) -> None:
    answers: InputResponses = {}
    state = None
    if era == MODERN:  # the legacy era's answer is its callback's, which agrees
        async for permitted in connected_to_plenty(era, confirm="always"):
            first = await call_once(permitted, spec)
            assert isinstance(first, InputRequiredResult) == (spec.name in ASKING)
            if isinstance(first, InputRequiredResult):
                answers, state = dict.fromkeys(first.input_requests or {}, YES), first.request_state
                done = await call_once(permitted, spec, answers, state)
                assert isinstance(done, CallToolResult)
                assert not done.is_error
    refused = await call_once(read_only, spec, answers)
    if state is not None:  # sealed by the other server: this one does not even take the call
        with pytest.raises(MCPError):
            await call_once(read_only, spec, answers, state)
    assert isinstance(refused, CallToolResult)
    assert refused.is_error
    assert not read_only.sent


async def call_once(
    agent: Agent, spec: ToolSpec, answers: InputResponses | None = None, state: str | None = None
) -> CallToolResult | InputRequiredResult:
    """Make one round of a valid call, with the answers to what was asked in the round before."""
    return await agent.client.session.call_tool(
        spec.name, VALID[spec.name], input_responses=answers, request_state=state, allow_input_required=True
    )


@fuzzing
@given(uri=st.sampled_from([spec.uri for spec in (*RESOURCES, *TEMPLATES)]), text=TEXTS)
async def test_under_read_only_resources_get_and_nothing_else(read_only: Agent, uri: str, text: str) -> None:
    with suppress(MCPError):
        await read_only.client.read_resource(uri.replace("{id}", text).replace("{id_or_email}", text))
    assert methods(read_only) <= {"GET"}


@fuzzing
@given(
    name=st.sampled_from([prompt.name for prompt in PROMPTS]),
    argument=st.sampled_from(["segment", "workflow", "custom_field", "people", "post_url"]),
    text=TEXTS,
)
async def test_under_read_only_prompts_and_completions_get_and_nothing_else(
    read_only: Agent, name: str, argument: str, text: str
) -> None:
    for ref in (PromptReference(name=name), ResourceTemplateReference(uri="flodesk://segments/{id}")):
        await read_only.client.complete(ref, {"name": argument, "value": text})
    with suppress(MCPError):
        await read_only.client.get_prompt(name, {argument: text})
    assert methods(read_only) <= {"GET"}
