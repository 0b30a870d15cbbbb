"""Text as searches compare it: without case and accents."""

import unicodedata

__all__ = ["fold"]

ACCENTS = range(10, 36)
MARKS = 200
"""Canonical combining classes: 10 to 35 are the points of Hebrew and Arabic, those from 200 on the accents of Latin,
Greek and Cyrillic. Others are parts of letters, as in Japanese and Hindi."""

_ALIKE = str.maketrans(
    {"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "\x00": None}
)
"""Letters that do not decompose, though people type them without their stroke; and what no database takes."""


def fold(text: str | None) -> str:
    """Return `text` so that two texts that differ in case or accents alone become the same."""
    if not text:
        return ""
    if text.isascii():
        return text.strip().lower().translate(_ALIKE) if "\x00" in text else text.strip().lower()
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(letter for letter in letters if not _is_accent(letter))
    return unicodedata.normalize("NFKC", kept).translate(_ALIKE).strip()


def _is_accent(letter: str) -> bool:
    place = unicodedata.combining(letter)
    return place >= MARKS or place in ACCENTS
