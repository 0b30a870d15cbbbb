"""Arguments made from a tool's own schema: some valid, some nearly, some hostile."""

from typing import Any

from hypothesis import strategies as st

from tools.agent import JASPER, NOTHING
from tools.examples import SEGMENT, WEBHOOK, WORKFLOW

Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)

# What exists, so that calls succeed, and what would lead elsewhere if it were put into a request as it is.
TEXTS = st.sampled_from(
    [
        *(JASPER.id, JASPER.email, SEGMENT, WEBHOOK, WORKFLOW, NOTHING),
        *("VIP", "newsletter", "Birthday posy", "Venue", "new+tag@example.com", "https://example.com/hook"),
        *(
            "../webhooks",
            "..",
            "x/unsubscribe",
            "x?_method=DELETE",
            "x#y",
            "a\r\nDELETE /v1/webhooks HTTP/1.1",
            "\0",
            "",
        ),
        *('{"id": "x"}', "[]", "1", "null", "\u202e", "x" * 300),
    ]
) | st.text(max_size=20)


def values_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that fit a schema, and now and then any other."""
    return st.one_of(_fitting(schema), _fitting(schema), _fitting(schema), Json)


def _fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "properties" in schema:
        return arguments_of(schema)
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "integer": st.integers(schema.get("minimum", 0) - 1, schema.get("maximum", 100) + 1),
        "boolean": st.booleans(),
        "object": st.dictionaries(TEXTS, TEXTS, max_size=2),
        "string": TEXTS,
    }
    return st.lists(values_of(schema["items"]), max_size=3) if schema["type"] == "array" else kinds[schema["type"]]


def arguments_of(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects with the properties of a schema, the required ones nearly always."""
    properties = {name: values_of(value) for name, value in schema["properties"].items()}
    required = {name: properties[name] for name in schema.get("required", ())}
    optional = {name: value for name, value in properties.items() if name not in required}
    return st.fixed_dictionaries(required, optional=optional) | st.fixed_dictionaries({}, optional=properties)
