"""Models bound by OpenAI's strict mode: every property is required, and null may not be allowed."""

from copy import deepcopy
from typing import Any

import pytest

from frameworks.model import BLANKS, LEFT_OUT, arguments, is_strict
from frameworks.proof import FORCED, NEEDED

from .agent import Agent, Sent
from .examples import EXAMPLES, Example

pytestmark = pytest.mark.anyio


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """Do what all converters to strict schemas do."""
    strict = deepcopy(schema)
    if "properties" in strict:
        strict |= {"additionalProperties": False, "required": list(strict["properties"])}
        strict["properties"] = {name: closed(inner) for name, inner in strict["properties"].items()}
    if "items" in strict:
        strict["items"] = closed(strict["items"])
    return strict


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Do what some do besides: an argument that was optional may be null."""
    strict = closed(schema)
    for name in strict["properties"].keys() - set(schema.get("required", [])):
        strict["properties"][name] = {"anyOf": [strict["properties"][name], {"type": "null"}]}
    return strict


def without(forced: dict[str, Any], request: Sent) -> Sent:
    """Return a request as it had been without what a model cannot leave blank, and what says the same."""
    if not isinstance(request.body, dict):
        return request
    return request._replace(
        body={key: value for key, value in request.body.items() if (key, value) not in forced.items()}
    )


@pytest.mark.parametrize("blank", [blank for blank in BLANKS if blank is not LEFT_OUT], ids=repr)
@pytest.mark.parametrize("convert", [closed, nullable])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.tool)
async def test_every_tool_can_be_called_under_a_strict_schema(
    agent: Agent, example: Example, convert: Any, blank: Any
) -> None:
    (listed,) = [tool for tool in (await agent.client.list_tools()).tools if tool.name == example.tool]
    schema = convert(listed.input_schema)
    assert is_strict(schema)
    filled = arguments(schema, NEEDED[example.tool], blank)
    assert filled.keys() == schema["properties"].keys()
    with_blanks = await agent.call(example.tool, **filled)
    sent = agent.sent
    agent.sandbox.reset()
    assert await agent.call(example.tool, **NEEDED[example.tool]) == with_blanks
    assert agent.sent[-1] in [without(FORCED, request) for request in sent]
