"""Conditions of a search: what may be asked of which field, and what that is in SQL."""

import difflib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Text, and_, cast, func, not_, or_

from flodesk_mcp.audience.errors import WrongCondition
from flodesk_mcp.audience.folding import fold
from flodesk_mcp.audience.operators import OPERATORS, Match
from flodesk_mcp.audience.person import folded_key, microseconds
from flodesk_mcp.audience.tables import people

__all__ = ["FIELDS", "Condition", "Where", "nearest_of"]

Clause = ColumnElement[bool]

OF_TEXTS = ("is", "is_not", "contains", "starts_with", "ends_with", "is_empty", "is_not_empty", "is_one_of")
OF_TIMES = ("before", "after", "in_last_days", "is", "is_empty", "is_not_empty")
OF_SEGMENTS = ("is", "is_not", "is_one_of", "is_empty", "is_not_empty")
WITHOUT_VALUE = ("is_empty", "is_not_empty")
FIELDS = ("email", "first_name", "last_name", "status", "source", "created_at", "segment")
MAX_DAYS = 36_500


@dataclass(frozen=True)
class Condition:
    """What is asked of one field. `field` is one of FIELDS or the key of a custom field; a segment goes by its id."""

    field: str
    operator: str
    value: str = ""

    def values(self) -> list[str]:
        """Return the value, or each of those that `is_one_of` separates by `|`."""
        if self.operator != "is_one_of":
            return [self.value]
        return [value for value in map(str.strip, self.value.split("|")) if value]


@dataclass(frozen=True)
class Where:
    """Which people are meant: those who meet all conditions, or any of them."""

    conditions: Sequence[Condition]
    match: Match = "all"

    def clause(self, now: datetime | None = None) -> Clause:
        """Return it as SQL on the table `people`.

        Raises WrongCondition.
        """
        clauses = [_clause(condition, now or datetime.now(UTC)) for condition in self.conditions]
        return and_(*clauses) if self.match == "all" else or_(*clauses)


def nearest_of(name: str, valid: Iterable[str]) -> str:
    """Return a sentence with the nearest of `valid` names, and all of them."""
    names = list(valid)
    near = difflib.get_close_matches(fold(name)[:100], [fold(known) for known in names], n=1)
    meant = next((known for known in names if near and fold(known) == near[0]), None)
    return (f"Did you mean {meant!r}? " if meant else "") + f"Valid: {', '.join(names)}."


def _clause(condition: Condition, now: datetime) -> Clause:
    if condition.operator not in OPERATORS:
        raise WrongCondition(
            f"There is no operator {condition.operator[:80]!r}. {nearest_of(condition.operator, OPERATORS)}"
        )
    operators, clause = _kind(condition.field)
    if condition.operator not in operators:
        raise WrongCondition(
            f"{condition.field[:80]!r} has no operator {condition.operator!r}. "
            + nearest_of(condition.operator, operators)
        )
    if condition.operator not in WITHOUT_VALUE and not any(value.strip() for value in condition.values()):
        raise WrongCondition(f"{condition.field[:80]} {condition.operator} needs a value.")
    return clause(condition, now)


def _kind(field: str) -> tuple[Sequence[str], Callable[[Condition, datetime], Clause]]:
    if field == "created_at":
        return OF_TIMES, _of_time
    if field == "segment":
        return OF_SEGMENTS, _of_segment
    return OF_TEXTS, _of_text


def _text_of(field: str) -> ColumnElement[str]:
    match field:
        case "email" | "first_name" | "last_name":
            return people.c[f"{field}_folded"]
        case "status" | "source":
            return func.coalesce(people.c[field], "")
        case _:
            return func.coalesce(people.c.custom_folded[folded_key(field)].as_string(), "")


def _of_text(condition: Condition, _: datetime) -> Clause:
    text = _text_of(condition.field)
    values = [fold(value) for value in condition.values()]
    made: Mapping[str, Callable[[], Clause]] = {
        "is": lambda: text == values[0],
        "is_not": lambda: text != values[0],
        "contains": lambda: text.contains(values[0], autoescape=True),
        "starts_with": lambda: text.startswith(values[0], autoescape=True),
        "ends_with": lambda: text.endswith(values[0], autoescape=True),
        "is_empty": lambda: text == "",
        "is_not_empty": lambda: text != "",
        "is_one_of": lambda: text.in_(values),
    }
    return made[condition.operator]()


def _of_segment(condition: Condition, _: datetime) -> Clause:
    ids = cast(people.c.segments, Text)
    if condition.operator in WITHOUT_VALUE:
        return ids == "[]" if condition.operator == "is_empty" else ids != "[]"
    in_any = or_(*(ids.contains(json.dumps(known), autoescape=True) for known in condition.values()))
    return not_(in_any) if condition.operator == "is_not" else in_any


def _of_time(condition: Condition, now: datetime) -> Clause:
    column = people.c.created_us
    if condition.operator in WITHOUT_VALUE:
        return column == 0 if condition.operator == "is_empty" else column != 0
    if condition.operator == "in_last_days":
        days = condition.value.strip()
        if not (days.isascii() and days.isdigit() and 1 <= int(days) <= MAX_DAYS):
            raise WrongCondition(f"in_last_days needs a number of days from 1 to {MAX_DAYS}, not {days[:80]!r}.")
        return column >= round((now - timedelta(days=int(days))).timestamp() * 1_000_000)
    begin, end = _bounds(condition.value.strip())
    match condition.operator:
        case "before":
            return and_(column != 0, column < begin)
        case "after":
            return column >= end
        case _:
            return and_(column >= begin, column < end)


def _bounds(value: str) -> tuple[int, int]:
    """Return where a time begins and ends, in microseconds: a date is a whole day, in UTC."""
    begin = microseconds(value)
    if not begin:
        raise WrongCondition(
            f"{value[:80]!r} is no date: give one such as 2026-05-31, or a time such as 2026-05-31T12:00Z."
        )
    is_date = len(value) == len("2026-05-31") and "T" not in value
    return begin, begin + (86_400_000_000 if is_date else 1)
