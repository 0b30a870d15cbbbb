"""Text as searches compare it: without case and accents."""

import re
import unicodedata
from functools import lru_cache

__all__ = ["fold"]

# What stands above and below letters of Latin, Greek, Cyrillic, Hebrew and Arabic. Marks of other scripts are parts of
# the letters, as in Japanese and Hindi.
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1ace\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]+"
)

# Letters that do not decompose, though people type them without their stroke; and what no database takes.
_ALIKE = str.maketrans(
    {"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "\x00": None}
)


def fold(text: str | None) -> str:
    """Return `text` so that two texts that differ in case or accents alone become the same."""
    if not text:
        return ""
    if text.isascii() and "\x00" not in text:
        return text.strip().lower()
    return _folded(text)


@lru_cache(maxsize=10_000)  # a list has the same names again and again
def _folded(text: str) -> str:
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFKC", _ACCENTS.sub("", letters)).translate(_ALIKE).strip()
