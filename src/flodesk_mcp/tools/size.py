"""How large an answer may be, and what becomes of one that no further page can make smaller."""

from typing import Any

from pydantic import BaseModel
from pydantic_core import to_json

__all__ = ["MAX_ANSWER_BYTES", "SHORTENED", "answer_bytes", "cut_to_size", "is_large"]

MAX_ANSWER_BYTES = 80_000
LARGE = 20_000
"""Values, or hundreds of characters."""

ENVELOPE_BYTES = 1_000
SHORTENED = "shortened"
CURSOR = "next_cursor"

# Characters of a text, entries of a list or map: mild before strict, and texts before entries.
_CUTS = ((10_000, 1_000), (1_000, 1_000), (256, 300), (256, 100), (80, 50), (40, 20))


def is_large(result: BaseModel) -> bool:
    """Tell, at little cost, whether it takes long to make an answer of `result`."""
    left = LARGE
    values: list[Any] = [result]
    while values and left > 0:
        value = values.pop()
        left -= 1
        if isinstance(value, BaseModel):
            values += [item for _, item in value]
        elif isinstance(value, dict | list):
            left -= len(value)
            if left > 0:
                values += value.values() if isinstance(value, dict) else value
        elif isinstance(value, str):
            left -= len(value) // 100
    return left <= 0


def answer_bytes(data: dict[str, Any]) -> int:
    """Return the size of an answer on the wire: the data, and the same once more as text."""
    text = to_json(data)
    return len(text) + len(to_json(text.decode())) + ENVELOPE_BYTES


def cut_to_size(data: dict[str, Any]) -> dict[str, Any]:
    """Return `data`; where it is too large, with its long texts, lists and maps cut, and a note of that."""
    if answer_bytes(data) <= MAX_ANSWER_BYTES:
        return data
    for characters, entries in _CUTS:
        note = f"Too large: texts are cut to {characters} characters, lists and maps to {entries} entries."
        cut = {key: value if key == CURSOR else _cut(value, characters, entries) for key, value in data.items()}
        cut[SHORTENED] = note
        if answer_bytes(cut) <= MAX_ANSWER_BYTES:
            break
    return cut


def _cut(value: Any, characters: int, entries: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= characters else value[: characters - 1] + "…"
    if isinstance(value, list):
        return [_cut(item, characters, entries) for item in value[:entries]]
    if isinstance(value, dict):
        pairs = list(value.items())[:entries]
        return {_cut(key, characters, entries): _cut(item, characters, entries) for key, item in pairs}
    return value
