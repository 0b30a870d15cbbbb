"""The suite's tools that ask: within a call in the older revisions, between two calls in the newest."""

import warnings
from collections.abc import Mapping
from typing import Any

from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CallToolRequestParams,
    CallToolResult,
    CreateMessageRequest,
    ElicitRequest,
    GetPromptRequestParams,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
)

from .fixture import Call, Context, Fixture, text

DEFAULTS = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}
OPTIONS, VALUES = ["option1", "option2", "option3"], ["value1", "value2", "value3"]
TITLED = [{"const": value, "title": f"Choice {value[-1]}"} for value in VALUES]
ENUMS = {
    "untitledSingle": {"type": "string", "enum": OPTIONS},
    "titledSingle": {"type": "string", "oneOf": TITLED},
    "legacyEnum": {"type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]},
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": OPTIONS}},
    "titledMulti": {"type": "array", "items": {"anyOf": TITLED}},
}
USER = {"username": {"type": "string"}, "email": {"type": "string"}}
MESSAGE = {"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]}


def within(properties: dict[str, Any]) -> Call:
    """Return a call that asks for `properties` before it answers."""

    async def call(context: Context, params: CallToolRequestParams) -> CallToolResult:
        question = str((params.arguments or {}).get("message", "Who are you?"))
        schema: dict[str, Any] = {"type": "object", "properties": properties, "required": list(properties)}
        answer = await context.session.elicit_form(question, schema, context.request_id)
        return text(f"User response: action={answer.action}, content={answer.content}")

    return call


def elicit(message: str, name: str, kind: str = "string") -> ElicitRequest:
    schema = {"type": "object", "properties": {name: {"type": kind}}, "required": [name]}
    return ElicitRequest.model_validate({"params": {"mode": "form", "message": message, "requestedSchema": schema}})


def sample(words: str) -> CreateMessageRequest:
    message = {"role": "user", "content": {"type": "text", "text": words}}
    return CreateMessageRequest.model_validate({"params": {"messages": [message], "maxTokens": 100}})


NAME = elicit("What is your name?", "name")
ROOTS = ListRootsRequest()
CONTEXT = {"user_context": elicit("What context should the prompt use?", "context")}


def next_round(
    params: CallToolRequestParams | GetPromptRequestParams, rounds: tuple[Mapping[str, InputRequest], ...]
) -> InputRequiredResult | None:
    """Return what is still to be asked. The state says how many rounds are over."""
    over = int(params.request_state or 0)
    if set(rounds[over]) <= set(params.input_responses or {}):
        over += 1
    if over == len(rounds):
        return None
    return InputRequiredResult(input_requests=dict(rounds[over]), request_state=str(over))


def between(*rounds: Mapping[str, InputRequest]) -> Call:
    """Return a call that asks in so many rounds before it answers."""

    async def call(context: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
        return next_round(params, rounds) or text(f"state-ok: {sorted(params.input_responses or {})}")

    return call


async def ask_what_can_be(context: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
    declared = context.session.client_capabilities
    requests: dict[str, InputRequest] = {"greeting": sample("A greeting")} if declared and declared.sampling else {}
    if declared and declared.elicitation:
        requests["user_name"] = NAME
    return await between(requests)(context, params)


async def need_sampling(context: Context, params: CallToolRequestParams) -> CallToolResult:
    declared = context.session.client_capabilities
    if declared is None or declared.sampling is None:
        missing: dict[str, Any] = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "The client cannot sample.", missing)
    return text("The client can sample.")


async def log(context: Context, params: CallToolRequestParams) -> CallToolResult:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MCPDeprecationWarning)
        await context.session.send_log_message("info", "Nobody wants to read this.")
    return text("Logged.")


TOOLS = (
    Fixture("test_elicitation", within(USER), MESSAGE),
    Fixture("test_elicitation_sep1034_defaults", within(DEFAULTS)),
    Fixture("test_elicitation_sep1330_enums", within(ENUMS)),
    Fixture("test_input_required_result_elicitation", between({"user_name": NAME})),
    Fixture("test_streaming_elicitation", between({"user_name": NAME})),
    Fixture("test_input_required_result_sampling", between({"capital_question": sample("The capital of France?")})),
    Fixture("test_input_required_result_list_roots", between({"client_roots": ROOTS})),
    Fixture(
        "test_input_required_result_request_state", between({"confirm": elicit("Please confirm", "ok", "boolean")})
    ),
    Fixture(
        "test_input_required_result_tampered_state", between({"confirm": elicit("Please confirm", "ok", "boolean")})
    ),
    Fixture(
        "test_input_required_result_multiple_inputs",
        between({"user_name": NAME, "greeting": sample("A greeting"), "client_roots": ROOTS}),
    ),
    Fixture(
        "test_input_required_result_multi_round",
        between({"step1": NAME}, {"step2": elicit("What is your favorite color?", "color")}),
    ),
    Fixture("test_input_required_result_capabilities", ask_what_can_be),
    Fixture("test_missing_capability", need_sampling),
    Fixture("test_logging_tool", log),
)
