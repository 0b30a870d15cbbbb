"""What may be asked in a condition. Imports nothing: the tools need the words before anything else of this package."""

from typing import Literal, get_args

__all__ = ["OPERATORS", "Match", "Operator"]

Match = Literal["all", "any"]

Operator = Literal[
    "is",
    "is_not",
    "contains",
    "starts_with",
    "ends_with",
    "before",
    "after",
    "in_last_days",
    "is_empty",
    "is_not_empty",
    "is_one_of",
]

OPERATORS: tuple[str, ...] = get_args(Operator)
