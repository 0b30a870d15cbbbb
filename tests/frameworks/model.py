"""What a model sends that is bound by a converted schema."""

from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

LEFT_OUT = object()
BLANKS: tuple[Any, ...] = (None, "", [], LEFT_OUT)
"""What a model means nothing by. Not every schema allows each."""

NO_BLANK: tuple[Any, ...] = (None, "", [], 20, False)
"""What it sends instead, the first that the schema allows."""


def arguments(schema: dict[str, Any], wanted: dict[str, Any], blank: Any) -> dict[str, Any]:
    """Return `wanted`, and beside it a blank for all that the schema has, as far as the schema allows it.

    Where a value is required and no blank is allowed, the model has to choose one. Raises ValidationError or
    ValueError if the schema does not let the model say what is wanted, and nothing else.
    """
    given = dict(wanted)
    required = schema.get("required", [])
    for name, inner in schema.get("properties", {}).items():
        if name in given or (blank is LEFT_OUT and name not in required):
            continue
        choices = [choice for choice in (blank, *NO_BLANK, *inner.get("enum", [])) if choice is not LEFT_OUT]
        allowed = [choice for choice in choices if _allows(inner, choice)]
        if not allowed:
            raise ValueError(f"nothing that means nothing is allowed for {name!r}: {inner}")
        given[name] = allowed[0]
    Draft202012Validator(schema).validate(given)
    return given


def is_strict(schema: dict[str, Any]) -> bool:
    """Tell whether a schema is what OpenAI's strict mode takes: closed at every depth, and everything required."""
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]
    inner += [schema["items"]] if "items" in schema else []
    closed = "properties" not in schema or (
        schema.get("additionalProperties") is False and set(schema.get("required", [])) == set(schema["properties"])
    )
    return closed and all(map(is_strict, inner))


def _allows(schema: dict[str, Any], value: Any) -> bool:
    allowed: bool = Draft202012Validator(schema).is_valid(value)
    return allowed
