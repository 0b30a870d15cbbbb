"""What clients give, made what tools take: not too much of it, lists and maps that came as JSON strings, no blanks."""

import json
from dataclasses import dataclass
from itertools import islice
from typing import Any, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    model_validator,
)
from pydantic.fields import FieldInfo

from flodesk_mcp.flodesk import InvalidArgument
from flodesk_mcp.tools.visible import visible

__all__ = [
    "UNADVERTISED",
    "Arguments",
    "FromJson",
    "WrongRow",
    "address",
    "by_field",
    "check_size",
    "marks_of",
    "row_or_why_not",
    "unless_all",
]

MAX_CUSTOM_FIELDS = 500
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

UNADVERTISED = "unadvertised"
"""Marks an argument that a tool shows only to callers who can use it: what tailors the tool adds it."""


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


def by_field(value: Any) -> Any:
    """Return custom fields as a map: of texts, numbers and booleans, given as a list of {field, value} or as a map."""
    if isinstance(value, list):
        pairs = [_pair(item) for item in value]
    elif isinstance(value, dict):
        pairs = list(value.items())
    else:
        raise ValueError("must be a list of {field, value}")  # noqa: TRY004 - pydantic expects it
    if len(pairs) > MAX_CUSTOM_FIELDS:
        raise ValueError(f"at most {MAX_CUSTOM_FIELDS} custom fields at once")
    values: dict[str, str] = {}
    for name, content in pairs:
        text = json.dumps(content) if isinstance(content, bool | int | float) else content
        if not (text is None or isinstance(text, str)):
            raise ValueError(f"the value of {name[:80]!r} must be a text")
        if text and values.setdefault(name, text) != text:
            raise ValueError(f"{name[:80]!r} is given twice, with different values")
    return values


def _pair(item: Any) -> tuple[str, Any]:
    if not (isinstance(item, dict) and isinstance(item.get("field"), str) and item.keys() <= {"field", "value"}):
        raise ValueError("each item must be {field, value}")
    return item["field"], item.get("value")


def address(value: str) -> str:
    """Return what looks like an e-mail address, or raise ValueError."""
    name, at, domain = value.rpartition("@")
    if not (name and at and domain) or any(c.isspace() for c in value):
        raise ValueError(f"{value[:80]!r} is not an e-mail address")
    return value


def unless_all(value: str) -> str | None:
    """Return what to filter by. A model that must choose one, as strict converters want it, chooses "all"."""
    return None if value == "all" else value


@dataclass(frozen=True)
class WrongRow:
    """A row of a batch that cannot be sent: it must not cost the others."""

    row: Any
    error: ValidationError

    def text(self, name: str) -> str | None:
        """Return what the row has under `name`, if that is a text."""
        value = self.row.get(name) if isinstance(self.row, dict) else None
        return value if isinstance(value, str) else None


def row_or_why_not(row: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Return a row as `check` makes it, or a WrongRow."""
    try:
        return check(row)
    except ValidationError as error:
        return WrongRow(row, error)
