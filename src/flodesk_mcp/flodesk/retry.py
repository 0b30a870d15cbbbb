"""Which failed requests may be repeated, and when. Source: flodesk-api, Repeating a request."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from flodesk_mcp.flodesk.errors import FlodeskError, NoAnswer, QuotaExhausted, ServerError, UnreadableAnswer

__all__ = [
    "MAX_ATTEMPTS",
    "RETRIED",
    "BrokenAnswer",
    "TooManyRequests",
    "delay",
    "did_nothing",
    "may_repeat",
    "retry_after",
]

MAX_ATTEMPTS = 6
LONGEST_CLOSING = 3600.0
"""No Retry-After counts for more: a wrong date must not shut an account out for good."""


class BrokenAnswer(UnreadableAnswer):
    """Not JSON: cut short on its way, perhaps, so asking again may help."""


class TooManyRequests(QuotaExhausted):
    """429: Flodesk did nothing. `known_wait` is how long the quota's window makes the next request wait."""

    def __init__(self, known_wait: float) -> None:
        super().__init__(known_wait or 60)
        self.known_wait = known_wait


RETRIED = (TooManyRequests, NoAnswer, ServerError, BrokenAnswer)


def did_nothing(failure: FlodeskError) -> bool:
    """Tell whether a request surely had no effect."""
    return isinstance(failure, QuotaExhausted) or (isinstance(failure, NoAnswer) and not failure.sent)


def may_repeat(failure: FlodeskError, *, repeatable: bool) -> bool:
    """Tell whether a request of which twice is `repeatable` or not may be sent again after `failure`."""
    return repeatable or did_nothing(failure)


def delay(failures: int) -> float:
    """Return the seconds to wait after so many failures in a row."""
    return float(2 ** (failures - 2) * random.uniform(0.75, 1.25))  # noqa: S311 - spreads retries, no secret


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a Retry-After header tells, in either of its forms, or None."""
    text = headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_CLOSING)
    try:
        seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0), LONGEST_CLOSING)
