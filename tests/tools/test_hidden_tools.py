"""Errors name no tool that is off for the caller, nor what such a tool would have listed."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from flodesk_mcp.sandbox import Account, Fault, Sandbox
from flodesk_mcp.tools import CATALOG

from .agent import Agent, connected
from .examples import EXAMPLES, Example
from .examples_beyond_default import BEYOND_DEFAULT

pytestmark = pytest.mark.anyio

SAVE, SEGMENT, FIELD = (
    "create_a_flodesk_subscriber",
    "get_single_flodesk_segment_by_id",
    "create_a_flodesk_custom_field",
)
CASES = [
    pytest.param(example, fault, id=f"{example.tool} {fault.kind} {fault.status}")
    for example in (*EXAMPLES, *BEYOND_DEFAULT)
    for fault in (
        Fault("status", status=404, method=example.method, times=50),
        Fault("status", status=400, method=example.method, times=50),
        Fault("drop_after", method=example.method, times=50),
        Fault("malformed", method=example.method, times=50),
    )
]


def named(text: str) -> set[str]:
    return {spec.name for spec in CATALOG if re.search(rf"\b{spec.name}\b", text)}


@pytest.mark.parametrize(("example", "fault"), CASES)
async def test_a_failure_names_no_other_tool_where_no_other_is_on(
    era: str, sandbox: Sandbox, example: Example, fault: Fault
) -> None:
    async with connected(era, sandbox, toolsets="all", tools=example.tool, max_wait_seconds=5) as agent:
        sandbox.fail(fault)
        answer = await agent.answer(example.tool, **example.arguments)
    assert named(str(answer.content)) <= {example.tool}


@pytest.fixture
async def alone(era: str, sandbox: Sandbox) -> AsyncIterator[Agent]:
    """An agent that may save people and look at a segment, and nothing else."""
    async with connected(era, sandbox, tools=f"{SAVE},{SEGMENT}") as agent:
        yield agent


async def test_candidates_are_told_only_where_the_tool_that_lists_them_is_on(
    agent: Agent, alone: Agent, account: Account
) -> None:
    names = [segment.name for segment in account.segments.values()]
    told = await agent.refused(SEGMENT, id="no such")
    assert not [name for name in names if name not in told]
    text = await alone.refused(SEGMENT, id="no such")
    assert not [name for name in names if name in text]
    assert text.endswith("does not stand for exactly one segment. Give the id or the exact name.")


async def test_custom_fields_are_told_only_where_the_tool_that_lists_them_is_on(agent: Agent, alone: Agent) -> None:
    given: dict[str, Any] = {"email": "ada@example.com", "custom_fields": [{"field": "Venu", "value": "Barn"}]}
    told, hidden = await agent.refused(SAVE, **given), await alone.refused(SAVE, **given)
    assert "venue ('Venue')" in told
    assert FIELD in told
    assert hidden.endswith("The account has no custom field 'Venu'. Flodesk would drop the value silently.")


async def test_a_tool_that_does_not_exist_is_not_answered_with_one_that_is_off(alone: Agent) -> None:
    for spec in CATALOG:
        with pytest.raises(MCPError) as caught:
            await alone.answer(f"{spec.name}s")
        assert named(caught.value.message) <= {SAVE, SEGMENT}


async def test_a_prompt_that_does_not_exist_is_not_answered_with_one_that_is_off(alone: Agent) -> None:
    with pytest.raises(MCPError) as caught:
        await alone.client.get_prompt("tidy_my_segment")
    assert caught.value.message == "Unknown prompt 'tidy_my_segment'."
