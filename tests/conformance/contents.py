"""The suite's tools that return each kind of content, its resources and its prompts."""

import base64
import json
import struct
import zlib
from typing import Any

from mcp_types import (
    AudioContent,
    BlobResourceContents,
    CallToolRequestParams,
    CallToolResult,
    EmbeddedResource,
    GetPromptResult,
    ImageContent,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextContent,
    TextResourceContents,
)

from .fixture import Context, Fixture, returning, text


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


RED_PIXEL = base64.b64encode(
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\x00\xff\x00\x00"))
    + _chunk(b"IEND", b"")
).decode()
SILENCE = base64.b64encode(
    b"RIFF\x24\x00\x00\x00WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8) + b"data\x00\x00\x00\x00"
).decode()
IMAGE = ImageContent(type="image", data=RED_PIXEL, mime_type="image/png")
ADDRESS = {
    "$anchor": "addressDef",
    "type": "object",
    "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {"address": ADDRESS},
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
HEADER = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}


def embedded(uri: str, kind: str, words: str) -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=kind, text=words))


async def fail(context: Context, params: CallToolRequestParams) -> CallToolResult:
    failed = TextContent(type="text", text="This tool intentionally returns an error for testing")
    return CallToolResult(content=[failed], is_error=True)


async def report(context: Context, params: CallToolRequestParams) -> CallToolResult:
    for done in (0, 50, 100):
        await context.session.report_progress(done, 100, f"{done} of 100")
    return text("Everything is done.")


TOOLS = (
    Fixture("test_simple_text", returning(*text("This is a simple text response for testing.").content)),
    Fixture("test_image_content", returning(IMAGE)),
    Fixture("test_audio_content", returning(AudioContent(type="audio", data=SILENCE, mime_type="audio/wav"))),
    Fixture(
        "test_embedded_resource",
        returning(embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")),
    ),
    Fixture(
        "test_multiple_content_types",
        returning(
            TextContent(type="text", text="Multiple content types test:"),
            IMAGE,
            embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
        ),
    ),
    Fixture("test_error_handling", fail),
    Fixture("test_tool_with_progress", report),
    Fixture("json_schema_2020_12_tool", returning(*text("Valid.").content), SCHEMA),
    Fixture("test_header", returning(*text("The header says what the argument says.").content), HEADER),
)

RESOURCES = [
    Resource(uri="test://static-text", name="static-text", mime_type="text/plain"),
    Resource(uri="test://static-binary", name="static-binary", mime_type="image/png"),
]
TEMPLATES = [ResourceTemplate(uri_template="test://template/{id}/data", name="template")]


def read(uri: str) -> ReadResourceResult:
    """Return what is at an address that begins with `test:`."""
    if uri == "test://static-binary":
        return ReadResourceResult(contents=[BlobResourceContents(uri=uri, mime_type="image/png", blob=RED_PIXEL)])
    kind, words = "text/plain", "This is the content of the static text resource."
    if uri.startswith("test://template/"):
        number = uri.split("/")[3]
        kind = "application/json"
        words = json.dumps({"id": number, "templateTest": True, "data": f"Data for ID: {number}"})
    return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type=kind, text=words)])


def _prompt(name: str, *arguments: str) -> Prompt:
    return Prompt(
        name=name,
        description="A fixture of the suite.",
        arguments=[PromptArgument(name=argument, required=True) for argument in arguments],
    )


PROMPTS = [
    _prompt("test_simple_prompt"),
    _prompt("test_prompt_with_arguments", "arg1", "arg2"),
    _prompt("test_prompt_with_embedded_resource", "resourceUri"),
    _prompt("test_prompt_with_image"),
    _prompt("test_input_required_result_prompt"),
]


def prompt(name: str, arguments: dict[str, str]) -> GetPromptResult:
    """Return the prompt of that name."""
    said: dict[str, list[Any]] = {
        "test_simple_prompt": ["This is a simple prompt for testing."],
        "test_prompt_with_arguments": [
            f"Prompt with arguments: arg1='{arguments.get('arg1')}', arg2='{arguments.get('arg2')}'"
        ],
        "test_prompt_with_embedded_resource": [
            embedded(arguments.get("resourceUri", ""), "text/plain", "Embedded resource content for testing."),
            "Please process the embedded resource above.",
        ],
        "test_prompt_with_image": [IMAGE],
        "test_input_required_result_prompt": ["The prompt uses the context."],
    }
    contents = [TextContent(type="text", text=part) if isinstance(part, str) else part for part in said[name]]
    return GetPromptResult(messages=[PromptMessage(role="user", content=content) for content in contents])
