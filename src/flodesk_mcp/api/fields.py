"""The fields of what an API answers, read tolerantly.

A field that a service adds is kept, one that it leaves out is None, and a scalar where a text is expected becomes one;
what is no number where one is expected is None. Only what every caller needs is required.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Annotated, Any

from pydantic import AliasGenerator, BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import core_schema

__all__ = [
    "NULL_IS_EMPTY",
    "ROWS_OR_NONE",
    "CamelModel",
    "Count",
    "Model",
    "OptionalText",
    "Personal",
    "Text",
    "TextMap",
]


def _text(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _texts(value: Any) -> Any:
    return {key: _text(item) for key, item in value.items() if item is not None} if isinstance(value, dict) else None


def _rows(value: Any) -> Any:
    return value if isinstance(value, list) else None


def _count(value: Any) -> Any:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _no_rows(value: Any) -> Any:
    return [] if value is None else value  # as some languages write an empty list


@dataclass(frozen=True)
class _Otherwise:
    """Takes what has the right form as it is, and of anything else what `made` makes of it.

    A call of Python for each value would take as long as the rest of reading a page.
    """

    made: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        right = handler(source)
        other = core_schema.no_info_before_validator_function(self.made, right)
        return core_schema.union_schema([right, other], mode="left_to_right", custom_error_type="string_type")


Text = Annotated[str, _Otherwise(_text)]
OptionalText = Annotated[str | None, _Otherwise(_text)]
TextMap = Annotated[dict[str, str] | None, _Otherwise(_texts)]
Count = Annotated[int | None, _Otherwise(_count)]

ROWS_OR_NONE = BeforeValidator(_rows)
"""For a list of which a caller can do without: anything else is None."""

NULL_IS_EMPTY = BeforeValidator(_no_rows)


class Personal(Enum):
    """Marks a field that can tell who somebody is, with what kind of thing stands there."""

    ADDRESS = auto()
    NAME = auto()
    VALUES = auto()
    IP = auto()
    PHONE = auto()
    WORDS = auto()
    """A message that may hold any of these."""


class Model(BaseModel):
    """What all answers share: unknown fields are kept."""

    model_config = ConfigDict(extra="allow", frozen=True)


class CamelModel(Model):
    """An answer whose names are written likeThis."""

    model_config = ConfigDict(alias_generator=AliasGenerator(validation_alias=to_camel))
