"""What the tools beyond the default ones share: how they are advertised, and what is said when they fail."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

from flodesk_mcp.sandbox import Fault, Sandbox

from .agent import Agent, connected
from .examples import Example
from .examples_beyond_default import BEYOND_DEFAULT, OF_JOBS

pytestmark = pytest.mark.anyio

every_example = pytest.mark.parametrize("example", BEYOND_DEFAULT, ids=lambda example: example.tool)
every_write = pytest.mark.parametrize(
    "example", [example for example in BEYOND_DEFAULT if not example.reads], ids=lambda example: example.tool
)


@pytest.fixture
async def agent(era: str, sandbox: Sandbox) -> AsyncIterator[Agent]:
    async with connected(era, sandbox, toolsets="all") as agent:
        yield agent


async def fail(agent: Agent, example: Example, **fault: Any) -> str:
    """Let the tool's own operation go wrong for as long as it is tried, and return the text."""
    agent.sandbox.fail(Fault(method=example.method, times=50, **fault))
    return await agent.refused(example.tool, **example.arguments)


async def test_they_are_those_that_the_default_leaves_out(agent: Agent, era: str) -> None:
    everything = {tool.name: tool.title for tool in (await agent.client.list_tools()).tools}
    async with connected(era, Sandbox()) as default:
        fewer = {tool.name for tool in (await default.client.list_tools()).tools}
    assert {name: title for name, title in everything.items() if name not in fewer} == OF_JOBS | {
        example.tool: example.title for example in BEYOND_DEFAULT
    }


@every_example
async def test_hints_tell_what_reads_what_destroys_and_what_may_be_repeated(agent: Agent, example: Example) -> None:
    tools = {tool.name: tool for tool in (await agent.client.list_tools()).tools}
    annotations = tools[example.tool].annotations
    assert annotations is not None
    assert annotations.model_dump(exclude_none=True) == {
        "title": example.title,
        "read_only_hint": example.reads,
        "destructive_hint": example.tool == "unsubscribe_a_flodesk_subscriber",
        "idempotent_hint": example.repeatable,
        "open_world_hint": True,
    }


@every_example
async def test_every_result_is_valid_against_its_output_schema(agent: Agent, example: Example) -> None:
    schemas = {tool.name: tool.output_schema for tool in (await agent.client.list_tools()).tools}
    data = await agent.call(example.tool, **example.arguments)
    Draft202012Validator(schemas[example.tool] or {"not": {}}).validate(data)
    assert agent.sent
    assert all(example.allows(sent) for sent in agent.sent)


@every_example
async def test_input_schemas_have_no_unions_references_or_nulls_and_few_levels(agent: Agent, example: Example) -> None:
    tools = {tool.name: tool for tool in (await agent.client.list_tools()).tools}

    def objects(node: dict[str, Any]) -> int:
        """Count how deep objects lie in objects."""
        assert node.keys() <= {
            *("type", "description", "properties", "required", "items", "enum"),
            *("minimum", "maximum", "minItems", "maxItems"),
        }
        assert node["type"] in {"object", "array", "string", "integer", "boolean"}
        inner = [*node.get("properties", {}).values(), node.get("items")]
        return int(node["type"] == "object") + max((objects(schema) for schema in inner if schema), default=0)

    assert objects(tools[example.tool].input_schema) <= 3


@every_example
async def test_a_401_names_the_setting_that_holds_the_key(agent: Agent, example: Example) -> None:
    assert await fail(agent, example, kind="status", status=401) == (
        f"{example.title} failed: Flodesk refused the credential (401). "
        "The person who runs this server must check the setting FLODESK_API_KEY."
    )
    assert len(agent.sent) == 1 + len(example.look_ups if not example.reads else ())


@every_example
@pytest.mark.parametrize("status", [400, 404])
async def test_a_refused_argument_names_the_tools_that_list_valid_ones(
    agent: Agent, example: Example, status: int
) -> None:
    text = await fail(agent, example, kind="status", status=status, path=example.operation.split("*")[-1].split()[-1])
    assert f"({status})" in text
    expected = f"What exists: {', '.join(example.listers)}." if example.listers else "as requested.'."
    assert text.endswith(expected)


@every_write
async def test_an_answer_that_cannot_be_read_says_how_to_see_what_happened(agent: Agent, example: Example) -> None:
    path = example.operation.rpartition("*")[2].rpartition(" ")[2]
    text = await fail(agent, example, kind="malformed", path=path)
    assert text == (
        f"{example.title} failed: Flodesk accepted it (200), but its answer could not be read. {example.check}"
    )


@every_write
async def test_a_lost_answer_is_tried_again_only_where_a_repeat_is_harmless(agent: Agent, example: Example) -> None:
    path = example.operation.rpartition("*")[2].rpartition(" ")[2]
    text = await fail(agent, example, kind="drop_after", path=path)
    tried = sum(sent.method == "POST" for sent in agent.sent)
    if example.repeatable:
        assert tried > 1
        assert text.endswith("Try again in a minute; repeating it is safe.")
    else:
        assert tried == 1
        assert text.endswith(f"It may or may not have happened, so do not simply repeat it. {example.check}")
