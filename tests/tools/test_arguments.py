"""What clients send: decoded where they blunder harmlessly, refused in words where they are wrong."""

import json
from dataclasses import replace
from typing import Any

import pytest

from flodesk_mcp.sandbox import Account

from .agent import JASPER, Agent
from .examples import EXAMPLES, SEGMENT, Example

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("tool", "argument", "value"),
    [
        ("delete_a_flodesk_subscriber_by_id", "segment_ids", [SEGMENT]),
        ("create_a_flodesk_subscriber", "segment_ids", [SEGMENT]),
        ("create_a_flodesk_subscriber", "custom_fields", {"venue": "Barn"}),
        ("create_a_flodesk_webhook", "events", ["subscriber.unsubscribed", "subscriber.created"]),
        ("update_a_flodesk_webhook_by_id", "events", ["subscriber.unsubscribed"]),
    ],
)
async def test_a_list_or_map_that_comes_as_a_json_string_is_decoded(
    agent: Agent, tool: str, argument: str, value: Any
) -> None:
    valid = next(example.arguments for example in EXAMPLES if example.tool == tool)
    await agent.call(tool, **{**valid, argument: json.dumps(value)})
    assert agent.written[-1].body[argument] == value


async def test_lists_in_queries_are_decoded_too(agent: Agent) -> None:
    await agent.call("list_all_flodesk_workflows", statuses='["paused", "draft"]')
    assert agent.sent[-1].query["statuses"] == "paused,draft"
    data = await agent.call("get_single_flodesk_subscriber_by_id", id_or_email=JASPER.id, fields='["status"]')
    assert data == {"id": JASPER.id, "status": "active"}


@pytest.mark.parametrize(
    "text",
    [
        "SEGMENT",
        '"one"',
        "5",
        pytest.param("[" * 100_000, id="deep"),
        '["unclosed"',
        "null",
        pytest.param("9" * 5000, id="long"),
    ],
)
async def test_a_string_that_is_no_list_is_refused_as_what_it_is(agent: Agent, text: str) -> None:
    refused = await agent.refused("delete_a_flodesk_subscriber_by_id", id_or_email=JASPER.id, segment_ids=text)
    assert refused == (
        "Remove a subscriber from segments failed: nothing was sent. "
        "Argument 'segment_ids': Input should be a valid list."
    )
    assert not agent.sent


@pytest.mark.parametrize("name", ["[1, 2]", '{"a": "b"}', "5", "null", "true"])
async def test_a_text_that_looks_like_json_stays_a_text(agent: Agent, name: str) -> None:
    await agent.call("create_a_flodesk_segment", name=name, color="#F2C9C0")
    assert agent.written[-1].body["name"] == name


def as_map(values: dict[str, Any]) -> Any:
    return values


def as_list(values: dict[str, Any]) -> Any:
    return [{"field": field, "value": value} for field, value in values.items()]


@pytest.mark.parametrize(("given", "becomes"), [(40, "40"), (2.5, "2.5"), (True, "true"), (False, "false"), (0, "0")])
@pytest.mark.parametrize("encode", [as_map, as_list, json.dumps], ids=["map", "list", "string"])
async def test_numbers_and_booleans_in_custom_fields_become_texts(
    agent: Agent, given: Any, becomes: str, encode: Any
) -> None:
    await agent.call("create_a_flodesk_subscriber", id=JASPER.id, custom_fields=encode({"venue": given}))
    assert agent.sent[-1].body == {"id": JASPER.id, "custom_fields": {"venue": becomes}}


@pytest.mark.parametrize("encode", [as_map, as_list], ids=["map", "list"])
@pytest.mark.parametrize("value", [["Barn"], {"name": "Barn"}])
async def test_a_custom_field_holds_nothing_but_text(agent: Agent, value: Any, encode: Any) -> None:
    text = await agent.refused("create_a_flodesk_subscriber", id=JASPER.id, custom_fields=encode({"venue": value}))
    assert text == (
        "Create or update a subscriber failed: nothing was sent. "
        "Argument 'custom_fields': the value of 'venue' must be a text."
    )
    assert not agent.sent


@pytest.mark.parametrize("given", ["venue", ["venue"], [{"venue": "Barn"}], [{"field": "venue", "key": "x"}], [[]], 5])
async def test_custom_fields_of_another_form_are_refused_with_the_right_one(agent: Agent, given: Any) -> None:
    text = await agent.refused("create_a_flodesk_subscriber", id=JASPER.id, custom_fields=given)
    assert "nothing was sent. Argument 'custom_fields': " in text
    assert "{field, value}" in text
    assert not agent.sent


async def test_one_custom_field_cannot_have_two_values(agent: Agent) -> None:
    twice = [{"field": "venue", "value": "Barn"}, {"field": "venue", "value": "Church"}]
    text = await agent.refused("create_a_flodesk_subscriber", id=JASPER.id, custom_fields=twice)
    assert "'venue' is given twice, with different values." in text
    assert not agent.sent


async def test_a_boolean_and_a_number_may_come_as_text(agent: Agent) -> None:
    await agent.call("create_a_flodesk_subscriber", id=JASPER.id, double_optin="true")
    await agent.call("list_all_flodesk_segments", limit="5")
    assert agent.sent[0].body["double_optin"] is True
    assert agent.sent[1].query["per_page"] == "5"


@pytest.mark.parametrize("blank", [None, "", " ", [], {}], ids=repr)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.tool)
async def test_a_blank_optional_argument_was_left_out(agent: Agent, example: Example, blank: Any) -> None:
    (listed,) = [tool for tool in (await agent.client.list_tools()).tools if tool.name == example.tool]
    blanks = dict.fromkeys(listed.input_schema["properties"], blank)
    with_blanks = await agent.call(example.tool, **blanks | example.arguments)
    sent = agent.sent
    agent.sandbox.reset()
    assert await agent.call(example.tool, **example.arguments) == with_blanks
    assert agent.sent[-1] in sent  # which may end in a look at the person, whose status is known by now


@pytest.mark.parametrize("blank", ["[]", "{}", "null", " [] "])
async def test_a_blank_list_or_map_may_come_as_a_json_string(agent: Agent, blank: str) -> None:
    for argument in ("segment_ids", "custom_fields"):
        await agent.call("create_a_flodesk_subscriber", id=JASPER.id, **{argument: blank})
        assert agent.sent[-1].body == {"id": JASPER.id}


async def test_somebody_may_be_called_null(agent: Agent) -> None:
    await agent.call("create_a_flodesk_subscriber", id=JASPER.id, last_name="null")
    assert agent.sent[-1].body == {"id": JASPER.id, "last_name": "null"}


@pytest.mark.parametrize("blank", ["", None], ids=repr)
@pytest.mark.parametrize("encode", [as_map, as_list], ids=["map", "list"])
async def test_a_blank_value_erases_nothing(agent: Agent, account: Account, blank: Any, encode: Any) -> None:
    before = replace(account.subscribers[JASPER.id])
    await agent.call(
        "create_a_flodesk_subscriber",
        id=JASPER.id,
        first_name=blank,
        last_name=blank,
        custom_fields=encode({"venue": blank, "birthday": blank}),
    )
    assert account.subscribers[JASPER.id] == before
    assert agent.sent[-1].body == {"id": JASPER.id}


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.arguments], ids=lambda example: example.tool)
async def test_a_blank_argument_that_is_needed_is_refused(agent: Agent, example: Example) -> None:
    (listed,) = [tool for tool in (await agent.client.list_tools()).tools if tool.name == example.tool]
    for name in listed.input_schema.get("required", []):
        blanks: list[Any] = [None, "", [], {}]
        for blank in blanks:
            text = await agent.refused(example.tool, **example.arguments | {name: blank})
            assert f"Argument {name!r}" in text
    assert not agent.sent


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.arguments], ids=lambda example: example.tool)
async def test_an_argument_of_the_wrong_kind_is_named(agent: Agent, example: Example) -> None:
    for name in example.arguments:
        text = await agent.refused(example.tool, **example.arguments | {name: 5.5})
        assert f"nothing was sent. Argument {name!r}: " in text
    assert not agent.sent


async def test_a_missing_argument_is_named(agent: Agent) -> None:
    assert await agent.refused("create_a_flodesk_webhook", name="Shop") == (
        "Create a webhook failed: nothing was sent. Argument 'post_url' is missing. Argument 'events' is missing."
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.tool)
async def test_an_unknown_argument_is_named_beside_all_that_are_valid(agent: Agent, example: Example) -> None:
    (listed,) = [tool for tool in (await agent.client.list_tools()).tools if tool.name == example.tool]
    valid = ", ".join(listed.input_schema["properties"]) or "none"
    text = await agent.refused(example.tool, **example.arguments, qqq=1)
    assert text == f"{listed.title} failed: nothing was sent. Unknown argument 'qqq'. Valid: {valid}."
    assert not agent.sent


async def test_an_unknown_argument_names_the_nearest_valid_one(agent: Agent) -> None:
    text = await agent.refused("list_all_flodesk_subscribers", segmentId=SEGMENT)
    assert text == (
        "List subscribers failed: nothing was sent. Unknown argument 'segmentId'. Did you mean 'segment_id'? "
        "Valid: limit, next_cursor, status, segment_id, fields."
    )


async def test_thousands_of_unknown_arguments_get_a_short_answer(agent: Agent) -> None:
    for number in (5_000, 200_000):
        text = await agent.refused("list_all_flodesk_subscribers", **{f"argument{n}": 1 for n in range(number)})
        assert "'argument0'" in text or "more than 10,000 values." in text
        assert len(text) < 1500
    assert not agent.sent


async def test_arguments_that_are_nested_too_deeply_are_refused(agent: Agent) -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    text = await agent.refused("create_a_flodesk_subscriber", id=JASPER.id, segment_ids=deep)
    assert "nested more than 16 deep" in text
    assert not agent.sent


async def test_the_name_of_an_unknown_argument_is_shown_short_and_without_what_nobody_sees(agent: Agent) -> None:
    text = await agent.refused("list_all_flodesk_subscribers", **{"a\u202e\u200b\n" + "x" * 10_000: 1})
    assert "'a\\nxxx" in text
    assert len(text) < 500


async def test_long_names_of_custom_fields_are_shown_short(agent: Agent) -> None:
    for fields in ({"x" * 100_000: "1"}, {f"field{number}": "1" for number in range(5000)}, {"y" * 9999: "z" * 300}):
        text = await agent.refused("create_a_flodesk_subscriber", id=JASPER.id, custom_fields=fields)
        assert "nothing was sent." in text
        assert len(text) < 2000
