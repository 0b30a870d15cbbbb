"""Arbitrary JSON as arguments of every tool: whatever a model makes up, no call crashes or strays."""

import operator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp_types import TextContent

from flodesk_mcp.sandbox import SANDBOX_API_KEY, Sandbox, sample_account
from flodesk_mcp.tools import CATALOG

from .agent import ERAS, INSIDES, JASPER, connected
from .examples import EXAMPLES, SEGMENT, WEBHOOK, WORKFLOW, Example

pytestmark = pytest.mark.anyio

ACCOUNT = sample_account()
for others in [known for known in ACCOUNT.subscribers if known != JASPER.id]:
    del ACCOUNT.subscribers[others]

PROPERTIES = {spec.name: spec.input_schema["properties"] for spec in CATALOG}

NASTY = (
    *("", " ", ".", "..", "../segments", "a/b", "%2e%2e", "%2F..", "a?b=c", "a#b", "\\", "\x00"),
    *("all", "colors", "subscribers", "batch", "null", "[]", "{}", "[1]", '{"a":1}', "a@b", "é@ü.example", "x" * 400),
    *(JASPER.id, JASPER.email, SEGMENT, WORKFLOW, WEBHOOK, "VIP", "active", "https://a.example/", "https://["),
    *("subscriber.created", "email", "venue", "Birthday", "Welcome to the studio"),
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(NASTY)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5), max_leaves=12
)


def plausible(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return what fits a schema, or nearly."""
    match schema["type"]:
        case "array":
            return st.lists(plausible(schema["items"]), min_size=1, max_size=3)
        case "object":
            return st.dictionaries(st.sampled_from(["venue", "Birthday", "shoeSize"]), SCALARS, max_size=2)
        case "integer":
            return st.integers(-1, 101)
        case "boolean":
            return st.booleans()
        case _:
            return st.sampled_from(schema["enum"]) if "enum" in schema else TEXTS


def calls_of(example: Example) -> st.SearchStrategy[dict[str, Any]]:
    """Return what a model might send: mostly a valid call with arguments replaced, sometimes anything."""
    own = {name: plausible(schema) for name, schema in PROPERTIES[example.tool].items()}
    names = st.lists(st.sampled_from(list(own)), max_size=2, unique=True) if own else st.just([])
    some = names.flatmap(lambda names: st.fixed_dictionaries({name: own[name] for name in names}))
    near = some.map(lambda given: example.arguments | given)
    spoiled = st.dictionaries(st.sampled_from([*own, "id", "unknown"]), JSON, max_size=2)
    anything = st.dictionaries(TEXTS, JSON, max_size=4)
    return st.one_of(near, near, near, st.builds(operator.or_, near, spoiled), anything)


@pytest.mark.parametrize("era", ERAS)
@given(call=st.sampled_from(EXAMPLES).flatmap(lambda example: st.tuples(st.just(example), calls_of(example))))
@settings(max_examples=150, deadline=None, derandomize=True)
async def test_no_arguments_crash_a_tool_or_lead_it_out_of_its_operation(
    era: str, call: tuple[Example, dict[str, Any]]
) -> None:
    example, arguments = call
    async with connected(era, Sandbox({SANDBOX_API_KEY: deepcopy(ACCOUNT)}), max_wait_seconds=0) as agent:
        answer = await agent.answer(example.tool, **arguments)
        (block,) = answer.content
        assert isinstance(block, TextContent)
        if answer.is_error:
            assert block.text.startswith(f"{example.title} failed: ")
            assert not [inside for inside in (*INSIDES, "defect") if inside in block.text]
            assert len(block.text) < 4000
        strayed = [sent for sent in agent.sent if not example.allows(sent)]
        assert not strayed
        assert not example.reads or {sent.method for sent in agent.sent} <= {"GET"}
