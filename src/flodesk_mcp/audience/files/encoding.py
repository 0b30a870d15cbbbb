"""In which encoding a text is: said by its byte-order mark, or found by reading it once."""

import codecs
import re
from pathlib import Path
from typing import BinaryIO

from flodesk_mcp.audience.errors import FileRefused

__all__ = ["encoding_of"]

CHUNK = 1 << 18
MAX_SAMPLE = 1 << 14
MAX_WIDE_ZEROS = 0.2

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like the one of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_CODE_PAGES = ("cp1252", "mac_roman", "cp850")
"""What spreadsheets of Western Europe write where it is not Unicode: on Windows, on old Macs, and for DOS."""

_LETTERS = frozenset("äöüßÄÖÜéèêëàâçîïôùûœæñáíóúåøãõÉÈÀÇÑÁÍÓÚÅØ")
_SIGNS = frozenset("’‘“”„–—…€«»¿¡ºª°´·\xa0")
LIKELY = 0.6

_BEYOND_ASCII = re.compile(rb"[^\r\n]{0,40}[\x80-\xff][^\r\n]{0,40}")


def encoding_of(path: Path) -> str:
    """Return the name of the encoding that the text in a file has.

    Raises FileRefused for what is no text.
    """
    with path.open("rb") as file:
        beginning = file.read(CHUNK)
        if not beginning.strip(b"\0 \t\r\n"):
            raise FileRefused("It is empty.")
        for mark, encoding in _MARKS:
            if beginning.startswith(mark):
                return encoding
        if wide := _wide(beginning):
            return wide
        file.seek(0)
        return _narrow(file)


def _wide(beginning: bytes) -> str | None:
    """Return the UTF-16 that a text without a mark is in: every other byte of what Europe writes is zero."""
    high, low = beginning[0::2].count(0), beginning[1::2].count(0)
    if high + low <= len(beginning) * MAX_WIDE_ZEROS or min(high, low) > len(beginning) * MAX_WIDE_ZEROS / 10:
        return None
    return "utf-16-le" if low > high else "utf-16-be"


def _narrow(file: BinaryIO) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, sample = True, b""
    while chunk := file.read(CHUNK):
        if 0 in chunk:
            raise FileRefused("It holds NUL bytes, which no text has: it is a binary file, or a damaged one.")
        if is_utf8:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                is_utf8 = False
        if len(sample) < MAX_SAMPLE and not chunk.isascii():
            sample += b"\n".join(_BEYOND_ASCII.findall(chunk))[: MAX_SAMPLE - len(sample)]
    if is_utf8:
        return "utf-8"
    scores = {encoding: _likelihood(sample, encoding) for encoding in _CODE_PAGES}
    likely = max(_CODE_PAGES, key=lambda encoding: scores[encoding])
    if scores[likely] >= LIKELY:
        return likely
    from charset_normalizer import from_bytes  # it knows the rest of the world, but guesses badly on short lists

    best = from_bytes(sample).best()
    return best.encoding if best else "cp1252"


def _likelihood(sample: bytes, encoding: str) -> float:
    """Return how much of what is beyond ASCII are letters as Western Europe writes them, in their places."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return 0
    score, count = 0.0, 0
    for place, sign in enumerate(text):
        if sign.isascii():
            continue
        count += 1
        if sign in _SIGNS:
            score += LIKELY
        elif sign in _LETTERS:
            score += 1 if _fits(sign, text[max(place - 1, 0) : place], text[place + 1 : place + 2]) else -1
    return score / max(count, 1)


def _fits(sign: str, before: str, after: str) -> bool:
    """Tell whether a letter can stand between those two: in a word, and not in another case than its neighbours."""
    if sign.isupper():
        return after.isalpha() and not (before.isalpha() and after.islower())
    return (before.isalpha() or after.isalpha()) and not (before.isupper() and after.isupper())
