"""What clients give: not too much of it, lists and maps that came as JSON strings, and nothing where it is blank."""

import json
from itertools import islice
from typing import Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic.fields import FieldInfo

from flodesk_mcp.flodesk import InvalidArgument
from flodesk_mcp.tools.visible import visible

__all__ = ["Arguments", "FromJson", "check_size", "marks_of"]

MAX_VALUES = 10_000
MAX_DEPTH = 16
MAX_UNKNOWN = 6
"""One more than an error text names: each unknown argument would be an error of its own."""


def check_size(arguments: dict[str, Any]) -> None:
    """Raise InvalidArgument for more than anybody needs, before anything works on it."""
    left = MAX_VALUES - len(arguments)
    for name, value in islice(arguments.items(), MAX_VALUES):
        left -= _count(name[:100], value, left)
    if left < 0:
        raise InvalidArgument(f"The arguments hold more than {MAX_VALUES:,} values.")


def _count(name: str, argument: Any, most: int) -> int:
    """Return how many values an argument holds.

    Raises InvalidArgument for more than `most`, and for deep ones.
    """
    count, level = 0, [argument]
    for _ in range(MAX_DEPTH):
        level = [value for value in level if isinstance(value, dict | list)]
        if not level:
            return count
        inner: list[Any] = []
        for value in level:
            inner += value.values() if isinstance(value, dict) else value
        count += len(inner)
        if count > most:
            raise InvalidArgument(f"Argument {visible(name)!r}: with it there are more than {MAX_VALUES:,} values.")
        level = inner
    raise InvalidArgument(f"Argument {visible(name)!r} is nested more than {MAX_DEPTH} deep.")


def _decoded(value: Any) -> Any:
    """Decode a list or map that a client sent as a JSON string."""
    if isinstance(value, str):
        try:
            decoded = json.loads(value)
        except (ValueError, RecursionError):
            return value
        return decoded if isinstance(decoded, list | dict) else value
    return value


FromJson = BeforeValidator(_decoded)


def _is_blank(value: Any, *, from_json: bool) -> bool:
    """Tell whether nothing was given. Strict converters make models fill in every argument."""
    if isinstance(value, str):
        return not value.strip() or (from_json and value.strip() in {"null", "[]", "{}"})
    return value is None or (isinstance(value, list | dict) and not value)


def marks_of(field: FieldInfo) -> list[Any]:
    """Return what an argument is annotated with, be it optional or not."""
    inner = [mark for part in get_args(field.annotation) for mark in getattr(part, "__metadata__", ())]
    return [*field.metadata, *inner]


class Arguments(BaseModel):
    """What arguments are checked with. A blank optional one was not given, so a blank never erases anything."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _blank_is_not_given(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        fields = cls.model_fields

        def counts(name: str, value: Any) -> bool:
            field = fields[name]
            if field.is_required():
                return True
            return not _is_blank(value, from_json=FromJson in marks_of(field))

        known = {name: value for name, value in given.items() if name in fields and counts(name, value)}
        return known | dict(islice(((name, value) for name, value in given.items() if name not in fields), MAX_UNKNOWN))
