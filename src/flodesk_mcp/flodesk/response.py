"""What came back, and what it says. Bodies are mostly unknown: an error is decided by its status, never by its text."""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from flodesk_mcp.flodesk.errors import UnreadableAnswer
from flodesk_mcp.flodesk.retry import BrokenAnswer

__all__ = ["MAX_ANSWER_BYTES", "Answer", "decoded", "words"]

MAX_ANSWER_BYTES = 10 * 1024 * 1024
MAX_WORDS = 300

# JSON escapes that are half of a surrogate pair, after those that are not: half a character is dropped.
_HALF_A_CHARACTER = re.compile(
    rb"""(\\[^u] | \\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}) | \\u[dD][89a-fA-F][0-9a-fA-F]{2}""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Answer:
    """A status, and a body that has been read up to 10 MiB and one chunk."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def is_success(self) -> bool:
        """Whether Flodesk did what was asked."""
        return 200 <= self.status < 300  # noqa: PLR2004


def decoded(answer: Answer) -> Any:
    """Return the JSON of a successful answer.

    Raises UnreadableAnswer; BrokenAnswer where asking again may help.
    """
    if len(answer.content) > MAX_ANSWER_BYTES:
        raise UnreadableAnswer(f"Flodesk's answer ({answer.status}) is larger than 10 MiB.", status=answer.status)
    if not answer.content:
        raise UnreadableAnswer(f"Flodesk's answer ({answer.status}) is empty.", status=answer.status)
    try:
        return _json(answer.content)
    except ValueError:
        raise BrokenAnswer(f"Flodesk's answer ({answer.status}) is not JSON.", status=answer.status) from None


def words(answer: Answer) -> str:
    """Return Flodesk's own short message from the body of an error, or nothing."""
    try:
        message = _json(answer.content)["message"]
    except (ValueError, LookupError, TypeError):
        return ""
    return message[:MAX_WORDS] if isinstance(message, str) else ""


def _json(content: bytes) -> Any:
    whole = _HALF_A_CHARACTER.sub(lambda found: found[1] or b"", content)
    return from_json(whole.removeprefix(codecs.BOM_UTF8))
