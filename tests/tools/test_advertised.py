"""What a client sees of the tools before it calls one: every rule of the pickiest client, held by every tool."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

from flodesk_mcp import __version__
from flodesk_mcp.sandbox import Sandbox

from .agent import ERAS, Agent, connected
from .examples import EXAMPLES

pytestmark = pytest.mark.anyio

Listed = dict[str, dict[str, Any]]

PAGE = {"limit", "next_cursor"}
ARGUMENTS: dict[str, tuple[set[str], set[str]]] = {
    "list_all_flodesk_segments": (set(), PAGE),
    "get_single_flodesk_segment_by_id": ({"id"}, set()),
    "create_a_flodesk_segment": ({"name"}, {"color"}),
    "list_all_flodesk_segment_colors": (set(), set()),
    "list_all_flodesk_subscribers": (set(), PAGE | {"status", "segment_id", "fields"}),
    "get_single_flodesk_subscriber_by_id": ({"id_or_email"}, {"fields"}),
    "create_a_flodesk_subscriber": (
        set(),
        {"email", "id", "first_name", "last_name", "custom_fields", "segment_ids"}
        | {"double_optin", "optin_ip", "optin_timestamp", "clear_fields"},
    ),
    "delete_a_flodesk_subscriber_by_id": ({"id_or_email", "segment_ids"}, set()),
    "list_all_flodesk_workflows": (set(), PAGE | {"statuses"}),
    "create_a_flodesk_workflow": ({"workflow_id"}, {"id", "email"}),
    "delete_a_flodesk_workflow_by_id": ({"workflow_id", "id_or_email"}, set()),
    "list_all_flodesk_custom_fields": (set(), set()),
    "create_a_flodesk_custom_field": ({"label"}, set()),
    "list_all_flodesk_webhooks": (set(), PAGE),
    "get_single_flodesk_webhook_by_id": ({"id"}, set()),
    "create_a_flodesk_webhook": ({"name", "post_url", "events"}, set()),
    "update_a_flodesk_webhook_by_id": ({"id"}, {"name", "post_url", "events"}),
    "delete_a_flodesk_webhook_by_id": ({"id"}, set()),
}
DESTRUCTIVE = {"update_a_flodesk_webhook_by_id", "delete_a_flodesk_webhook_by_id"}
REPEATABLE_WRITES = DESTRUCTIVE | {
    "create_a_flodesk_subscriber",
    "delete_a_flodesk_subscriber_by_id",
    "delete_a_flodesk_workflow_by_id",
}

EVENTS = {"subscriber.created", "subscriber.added_to_segment", "subscriber.unsubscribed"}
STATUSES = {"all", "active", "unsubscribed", "unconfirmed", "bounced", "complained", "cleaned", "archived"}
FIELDS = {"email", "status", "source", "first_name", "last_name", "segments", "custom_fields"} | {
    "optin_ip",
    "optin_timestamp",
    "created_at",
}
CLOSED_SETS = {
    ("create_a_flodesk_webhook", "events"): EVENTS,
    ("update_a_flodesk_webhook_by_id", "events"): EVENTS,
    ("list_all_flodesk_subscribers", "status"): STATUSES,
    ("list_all_flodesk_workflows", "statuses"): {"active", "paused", "draft"},
    ("list_all_flodesk_subscribers", "fields"): FIELDS,
    ("get_single_flodesk_subscriber_by_id", "fields"): FIELDS,
}


@pytest.fixture(params=ERAS)
async def listed(request: pytest.FixtureRequest) -> AsyncIterator[Listed]:
    """The tools by name, as they come over the wire."""
    async with connected(request.param, Sandbox()) as agent:
        answer = await agent.client.list_tools()
        assert answer.next_cursor is None
        yield {tool.name: tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in answer.tools}


def nodes(schema: Any, depth: int = 1) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield every schema within a schema, with its depth in lists and objects; the root's is 1."""
    yield depth, schema
    inner = [*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")]
    for node in inner:
        if isinstance(node, dict):
            yield from nodes(node, depth + 1)


def keywords(node: Any) -> Iterator[str]:
    """Yield every keyword of a schema. The names of properties are none."""
    for key, value in node.items():
        yield key
        inner = value.values() if key == "properties" else [value]
        for schema in inner:
            if isinstance(schema, dict):
                yield from keywords(schema)


def compact(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


async def test_the_tools_are_the_18_in_a_fixed_order_on_one_page(listed: Listed) -> None:
    assert [(name, tool["title"]) for name, tool in listed.items()] == [
        (example.tool, example.title) for example in EXAMPLES
    ]
    assert len(listed) == 18


async def test_names_are_plain_and_short(listed: Listed) -> None:
    for name in listed:
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,49}", name)


async def test_arguments_are_those_of_the_contract(listed: Listed) -> None:
    for name, tool in listed.items():
        required = set(tool["inputSchema"].get("required", []))
        given = tool["inputSchema"].get("properties", {}).keys()
        assert (required, given - required) == ARGUMENTS[name]


async def test_the_root_of_every_input_schema_is_an_object_that_says_nothing_of_others(listed: Listed) -> None:
    for tool in listed.values():
        assert tool["inputSchema"]["type"] == "object"
        assert "properties" in tool["inputSchema"]
        assert "additionalProperties" not in set(keywords(tool["inputSchema"]))


async def test_every_argument_is_described_in_one_short_sentence(listed: Listed) -> None:
    for tool in listed.values():
        for schema in tool["inputSchema"]["properties"].values():
            assert re.fullmatch(r"\S.{5,78}\.", schema["description"])


async def test_descriptions_tell_the_bounds(listed: Listed) -> None:
    for tool in listed.values():
        for name, schema in tool["inputSchema"]["properties"].items():
            for bound in ("minimum", "maximum", "maxItems"):
                if bound in schema:
                    assert str(schema[bound]) in schema["description"], name


async def test_input_schemas_use_nothing_that_a_client_stumbles_over(listed: Listed) -> None:
    refused = {"$ref", "$defs", "anyOf", "oneOf", "allOf", "not", "title", "default", "nullable", "const", "format"}
    refused |= {"minItems", "minLength"}  # who must fill in every argument could not leave it blank
    for tool in listed.values():
        assert not refused & set(keywords(tool["inputSchema"]))
        for _, schema in nodes(tool["inputSchema"]):
            assert schema["type"] in {"object", "array", "string", "integer", "boolean"}
            assert None not in schema.get("enum", [])


async def test_input_schemas_are_at_most_three_deep(listed: Listed) -> None:
    for tool in listed.values():
        inner = {"object", "array"}
        assert max(depth for depth, node in nodes(tool["inputSchema"]) if node["type"] in inner) <= 3


async def test_closed_sets_are_enums(listed: Listed) -> None:
    enums = {
        (name, argument): set(schema.get("enum") or schema["items"]["enum"])
        for name, tool in listed.items()
        for argument, schema in tool["inputSchema"]["properties"].items()
        if "enum" in schema or "enum" in schema.get("items", {})
    }
    assert enums == CLOSED_SETS


async def test_custom_fields_are_a_list_that_every_converter_can_fill(listed: Listed) -> None:
    schema = listed["create_a_flodesk_subscriber"]["inputSchema"]["properties"]["custom_fields"]
    assert schema["type"] == "array"
    assert {name: field["type"] for name, field in schema["items"]["properties"].items()} == {
        "field": "string",
        "value": "string",
    }
    assert schema["items"]["required"] == ["field", "value"]


async def test_no_map_with_free_keys_is_advertised(listed: Listed) -> None:
    for tool in listed.values():
        for _, schema in nodes(tool["inputSchema"]):
            assert schema["type"] != "object" or "properties" in schema


async def test_the_title_stands_in_the_annotations_too(listed: Listed) -> None:
    for tool in listed.values():
        assert tool["annotations"]["title"] == tool["title"]


async def test_segment_ids_are_at_most_fifty(listed: Listed) -> None:
    for name in ("create_a_flodesk_subscriber", "delete_a_flodesk_subscriber_by_id"):
        assert listed[name]["inputSchema"]["properties"]["segment_ids"]["maxItems"] == 50


async def test_a_page_has_one_to_a_hundred_items(listed: Listed) -> None:
    for tool in listed.values():
        limit = tool["inputSchema"]["properties"].get("limit", {"minimum": 1, "maximum": 100, "type": "integer"})
        assert (limit["minimum"], limit["maximum"], limit["type"]) == (1, 100, "integer")


async def test_descriptions_are_one_paragraph_of_less_than_600_characters(listed: Listed) -> None:
    for tool in listed.values():
        assert 0 < len(tool["description"]) < 600
        assert "\n" not in tool["description"]
        assert "  " not in tool["description"]


async def test_misleading_names_are_set_right_in_the_first_sentences(listed: Listed) -> None:
    said = {
        "create_a_flodesk_workflow": "Creates no workflow.",
        "delete_a_flodesk_workflow_by_id": "The workflow itself stays: nothing is deleted.",
        "delete_a_flodesk_subscriber_by_id": "nobody is deleted or unsubscribed.",
    }
    for name, sentence in said.items():
        assert sentence in listed[name]["description"]


async def test_what_adds_to_segments_says_that_workflows_may_start_or_stop() -> None:
    async with connected("2026-07-28", Sandbox(), toolsets="all") as agent:
        tools = {tool.name: tool.description or "" for tool in (await agent.client.list_tools()).tools}
    for name in (
        "create_a_flodesk_subscriber",
        "add_a_flodesk_subscriber_to_segments",
        "create_flodesk_subscribers_in_batch",
    ):
        assert "may start or stop workflows" in tools[name]


async def test_a_result_repeats_no_more_of_the_server_than_the_revision_demands() -> None:
    async with connected("2026-07-28", Sandbox()) as agent:
        answer = await agent.answer("list_all_flodesk_segment_colors")
    assert answer.meta == {"io.modelcontextprotocol/serverInfo": {"name": "flodesk-mcp", "version": __version__}}


async def test_all_four_hints_are_explicit(listed: Listed) -> None:
    reads = {example.tool for example in EXAMPLES if example.reads}
    for name, tool in listed.items():
        assert tool["annotations"] == {
            "title": tool["title"],
            "readOnlyHint": name in reads,
            "destructiveHint": name in DESTRUCTIVE,
            "idempotentHint": name in reads | REPEATABLE_WRITES,
            "openWorldHint": True,
        }


async def test_every_schema_is_valid_json_schema(listed: Listed) -> None:
    for tool in listed.values():
        for schema in (tool["inputSchema"], tool["outputSchema"]):
            Draft202012Validator.check_schema(schema)


SAID_BY_ITS_NAME = {"id", "name", "email", "first_name", "last_name", "created_at", "result", "workflow_id", "deleted"}


async def test_output_schemas_describe_in_words_what_no_name_says_and_forbid_nothing(listed: Listed) -> None:
    for tool in listed.values():
        assert tool["outputSchema"]["type"] == "object"
        restricting = {"enum", "const", "pattern", "format", "maxLength", "maximum", "maxItems", "$ref", "anyOf"}
        assert not restricting & set(keywords(tool["outputSchema"]))
        for _, schema in nodes(tool["outputSchema"]):
            assert schema.get("additionalProperties", True) is not False
            for name, described in schema.get("properties", {}).items():
                words = described.get("description", "").split()
                assert len(words) >= 3 or (not words and name in SAID_BY_ITS_NAME), (name, words)


async def test_output_schemas_require_only_what_is_always_there(listed: Listed) -> None:
    required = {
        keyword
        for tool in listed.values()
        for _, schema in nodes(tool["outputSchema"])
        for keyword in schema.get("required", [])
    }
    assert required <= {"id", "key", "result", "workflow_id", "subscriber", "enrolled", "deleted"}


async def test_what_a_model_reads_of_the_tools_fits_into_12000_bytes(listed: Listed) -> None:
    read = [{key: tool[key] for key in ("name", "description", "inputSchema")} for tool in listed.values()]
    assert compact(read) <= 12_000


async def test_all_that_comes_over_the_wire_fits_into_24000_bytes(listed: Listed) -> None:
    assert compact(list(listed.values())) <= 24_000


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.tool)
async def test_every_result_is_valid_against_its_output_schema(agent: Agent, example: Any) -> None:
    schemas = {tool.name: tool.output_schema for tool in (await agent.client.list_tools()).tools}
    data = await agent.call(example.tool, **example.arguments)
    Draft202012Validator(schemas[example.tool] or {"not": {}}).validate(data)
    assert all(example.allows(sent) for sent in agent.sent)
    assert agent.sent
