"""JSON schemas in the form that the pickiest client accepts: flat, without references, unions, nulls or titles."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from flodesk_mcp.tools.descriptions import description_of

__all__ = ["input_schema", "output_schema"]


class _Plain(GenerateJsonSchema):
    """Optional means "not required": no null and no default stands for it. No titles, nothing obvious."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def generate_inner(self, schema: Any) -> JsonSchemaValue:
        plain = super().generate_inner(schema)
        plain.pop("maxLength", None)  # a guard of ours: nobody who means well comes near
        for least in ("minLength", "minItems"):
            if plain.get(least) == 1:  # who must fill in every argument could not leave this one blank
                del plain[least]
        return plain

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        plain = super().dict_schema(schema)
        if self.mode == "serialization":
            plain.pop("additionalProperties", None)
        return plain

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        plain = super().model_schema(schema)
        for said_elsewhere in ("title", "description"):
            plain.pop(said_elsewhere, None)
        for name, property_schema in plain.get("properties", {}).items():
            if "description" not in property_schema and (text := description_of(schema["cls"], name)):
                property_schema["description"] = text
        plain.pop("additionalProperties", None)  # refused all the same; google-genai dies of it
        return plain

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def generate(self, schema: CoreSchema, mode: Any = "validation") -> JsonSchemaValue:
        plain = super().generate(schema, mode)
        inlined: JsonSchemaValue = _inlined(plain, plain.pop("$defs", {}))
        return inlined


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    """Put each definition in the places that refer to it."""
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        beside = {key: value for key, value in node.items() if key != "$ref"}
        node = definitions[node["$ref"].rpartition("/")[2]] | beside
    return {key: _inlined(value, definitions) for key, value in node.items()}


def input_schema(arguments: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a tool's arguments."""
    return arguments.model_json_schema(schema_generator=_Plain)


def output_schema(result: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a tool's result: it describes every property and forbids none."""
    return result.model_json_schema(schema_generator=_Plain, mode="serialization")
