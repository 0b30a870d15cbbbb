"""What an answer says: from status, headers and bytes to data, an error, or facts of the quota. Nothing here does I/O.

Bodies are mostly unknown: an error is decided by its status, never by its text, unless a service is known to mean by
it another thing than others do (`service.py`).
"""

import codecs
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from json.scanner import py_make_scanner  # type: ignore[attr-defined] # typeshed leaves it out
from math import isfinite
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from flodesk_mcp.api.errors import BrokenAnswer, StatusError, UnreadableAnswer
from flodesk_mcp.api.service import Service

__all__ = ["MAX_ANSWER_BYTES", "Answer", "decoded", "failure", "retry_after", "shaped"]

Result = TypeVar("Result")

MAX_ANSWER_BYTES = 10 * 1024 * 1024
LARGE_BYTES = 256 * 1024
"""What is longer takes so long that others must get their turn in between."""

HUGE_BYTES = 2 * 1024 * 1024
TOO_MANY_REQUESTS = 429
LONGEST_CLOSING = 3600.0
"""No Retry-After counts for more: a wrong date must not shut an account out for good."""

# JSON escapes that are half of a surrogate pair, after those that are not: half a character is dropped.
_HALF_A_CHARACTER = re.compile(
    rb"""\\(?:([^u] | u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}) | u[dD][89a-fA-F][0-9a-fA-F]{2})""",
    re.VERBOSE,
)


def _finite_float(text: str) -> float | None:
    value = float(text)
    return value if isfinite(value) else None


# What Python takes for a number and JSON has no word for, or what is too large for one, is none.
_NO_NUMBER: Any = {"parse_constant": lambda name: None, "parse_float": _finite_float}
_DECODER = json.JSONDecoder(**_NO_NUMBER)


class _Interruptible(json.JSONDecoder):
    """Reads JSON value by value in Python: in a thread of its own it lets others run, which pydantic's does not."""

    def __init__(self) -> None:
        super().__init__(**_NO_NUMBER)
        self.scan_once = py_make_scanner(self)


@dataclass(frozen=True)
class Answer:
    """A status, and a body that has been read up to 10 MiB and one chunk."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def is_success(self) -> bool:
        """Whether what was asked was done."""
        return 200 <= self.status < 300  # noqa: PLR2004

    @property
    def is_large(self) -> bool:
        """Whether it takes long to read: then `decoded` and `shaped` belong into a thread."""
        return len(self.content) > LARGE_BYTES

    @property
    def is_huge(self) -> bool:
        """Whether it is so long that even to have it in memory slows others down. No real page comes near."""
        return len(self.content) > HUGE_BYTES

    @property
    def is_over_quota(self) -> bool:
        """Whether nothing was done, because there were too many requests."""
        return self.status == TOO_MANY_REQUESTS


def decoded(answer: Answer) -> Any:
    """Return the JSON of a successful answer.

    Raises UnreadableAnswer; BrokenAnswer where asking again may help.
    """
    if len(answer.content) > MAX_ANSWER_BYTES:
        raise UnreadableAnswer("is larger than 10 MiB", status=answer.status)
    if not answer.content:
        raise UnreadableAnswer("is empty", status=answer.status)
    try:
        return _json(answer.content)
    except ValueError:
        raise BrokenAnswer("is not JSON", status=answer.status) from None


def shaped(data: Any, form: TypeAdapter[Result], status: int) -> Result:
    """Return the data of an answer with `status` in the documented form.

    Raises UnreadableAnswer, which says where the form is another, and not what stands there.
    """
    try:
        return form.validate_python(data)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, problem["loc"])) or "all of it"
        told = f"has not the documented form: {where} ({problem['type']})"
        raise UnreadableAnswer(told, status=status) from None


def failure(answer: Answer, service: Service, *, repeatable: bool) -> StatusError:
    """Return the error that an answer other than a success or a 429 is. After a write only a 4xx did surely nothing."""
    error = service.failure(answer.status, _said(answer.content))
    error.uncertain = not repeatable and not 400 <= answer.status < 500  # noqa: PLR2004
    return error


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that a Retry-After header tells, in either of its forms, or None."""
    text = headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_CLOSING)
    try:
        seconds = (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0), LONGEST_CLOSING)


def _said(content: bytes) -> Any:
    """Return the JSON in the body of an error, or None."""
    try:
        return None if len(content) > LARGE_BYTES else _json(content)
    except ValueError:
        return None


def _json(content: bytes) -> Any:
    whole = _HALF_A_CHARACTER.sub(lambda found: b"\\" + found[1] if found[1] else b"", content)
    whole = whole.removeprefix(codecs.BOM_UTF8)
    decoder = _Interruptible() if len(whole) > LARGE_BYTES else _DECODER
    try:
        return decoder.decode(whole.decode())
    except RecursionError:
        raise ValueError("too deep") from None
