"""The numbers of the social planner as lines of a table, a day's after the other."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from flodesk_mcp.highlevel.social import Statistics

__all__ = ["HEADINGS", "daily_lines"]

HEADINGS = ("read_on", "from", "to", "part", "metric", "value")
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def daily_lines(statistics: Statistics, read_on: date) -> Iterator[tuple[str, ...]]:
    """Yield a line for each number: of all profiles together (`total`), and of each platform.

    The seven days that they are of stand in each line. What is no number is left out: its form is not documented.
    """
    days = statistics.day_range or [""]
    when = (read_on.isoformat(), _text(days[0]), _text(days[-1]))
    for part, numbers in {"total": statistics.totals or {}, **(statistics.platform_totals or {})}.items():
        for metric, value in _numbers(numbers):
            yield (*when, _text(part), _text(metric), str(value))


def _numbers(values: Any, before: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(values, Mapping):
        for name, value in values.items():
            yield from _numbers(value, f"{before}.{name}" if before else str(name))
    elif isinstance(values, int | float) and not isinstance(values, bool):
        yield before, values


def _text(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULAS) else text
