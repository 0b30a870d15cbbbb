"""What a tool returns as plain data: short, visible, not too large, and masked where that is asked for."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_json

from flodesk_mcp.tools.masking import mask_addresses, masked
from flodesk_mcp.tools.results import Everything, Listing
from flodesk_mcp.tools.visible import visible

__all__ = ["compact", "is_large"]

MAX_ANSWER_BYTES = 80_000
LARGE = 20_000
"""Values, or hundreds of characters."""

ENVELOPE_BYTES = 1_000
SHORTENED = "shortened"
CURSOR = "next_cursor"

_PLAIN = frozenset({str, int, float, bool, type(None), datetime})
"""What has nothing inside."""

_NOT_SHORT = ("\\", '""', "[]", "{}", "null")
"""What may stand in JSON for a character that nobody sees, and for nothing at all."""

# Characters of a text, entries of a list or map: mild before strict, and texts before entries.
_CUTS = ((10_000, 1_000), (1_000, 1_000), (256, 300), (256, 100), (80, 50), (40, 20))


def compact(result: BaseModel, beside: dict[str, Any], mask: bool) -> dict[str, Any]:
    """Return `result` as plain data without what is null or empty, its texts free of invisible characters.

    What is `beside` it is added. With `mask` nothing in it tells who a subscriber is. A page that would make too long
    an answer ends earlier, with a cursor that continues there; what is too long by itself is cut.
    """
    beside = _shortened(beside, mask) if mask else beside
    data = _dumped(result, mask)
    if not (beside or mask) and _is_short(data):
        return data
    data = _plain(result, data, mask) | beside
    while isinstance(result, Everything) and (size := _size(data)) > MAX_ANSWER_BYTES and len(result.result) > 1:
        kept = max(len(result.result) * MAX_ANSWER_BYTES // size, 1)
        shorter: dict[str, Any] = {"result": result.result[:kept]}
        if isinstance(result, Listing):
            shorter["next_cursor"] = result.cursor_from(kept)
        else:
            shorter["total_items"] = result.total_items or len(result.result)
        result = result.model_copy(update=shorter)
        data = _plain(result, _dumped(result, mask), mask) | beside
    return _cut_to_size(data)


def is_large(result: BaseModel) -> bool:
    """Tell, at little cost, whether it takes long to make an answer of `result`."""
    left = LARGE
    values: list[Any] = [result]
    while values and left > 0:
        inside: list[Any] = []
        for value in values:
            parts = vars(value) | (value.__pydantic_extra__ or {}) if isinstance(value, BaseModel) else value
            if not isinstance(parts, dict | list):
                continue
            left -= len(parts)
            if left <= 0:
                break
            inside += parts.values() if isinstance(parts, dict) else parts
        left -= sum([len(value) // 100 for value in inside if type(value) is str])
        values = [value for value in inside if type(value) not in _PLAIN]
    return left <= 0


def _is_short(data: dict[str, Any]) -> bool:
    """Tell whether nothing in an answer is empty or could be invisible, and it is small: that is so of most.

    Its JSON tells it at once, where a look at each value would take as long as the rest of a call.
    """
    text = to_json(data).decode()
    return (
        len(text) < MAX_ANSWER_BYTES // 4
        and text.isascii()
        and text.isprintable()
        and not any(mark in text for mark in _NOT_SHORT)
    )


def _plain(result: BaseModel, dumped: dict[str, Any], mask: bool) -> dict[str, Any]:
    shortened: dict[str, Any] = _shortened(dumped, mask)
    empty: dict[str, Any] = {name: [] for name, field in type(result).model_fields.items() if field.is_required()}
    return empty | shortened


def _dumped(result: BaseModel, mask: bool) -> dict[str, Any]:
    if mask:
        return masked(result)
    if isinstance(result, Everything):
        # Row by row, so that a large page lets others run in between.
        rows = [row.model_dump(exclude_none=True) if isinstance(row, BaseModel) else row for row in result.result]
        return {"result": rows} | result.model_dump(exclude_none=True, exclude={"result"})
    return result.model_dump(exclude_none=True)


def _shortened(value: Any, mask: bool) -> Any:
    if isinstance(value, str):
        return _shown(value, mask)
    if isinstance(value, list):
        return [_shortened(item, mask) for item in value]
    if isinstance(value, dict):
        short: dict[str, Any] = {}
        for key, item in value.items():
            if (shortened := _shortened(item, mask)) or isinstance(shortened, int | float):
                name = _shown(key, mask)
                short[name if name not in short else f"{name} ({len(short)})"] = shortened
        return short
    return value


def _shown(text: str, mask: bool) -> str:
    return mask_addresses(visible(text)) if mask else visible(text)


def _size(data: dict[str, Any]) -> int:
    """Return the size of an answer on the wire: the data, and the same once more as text."""
    text = to_json(data)
    return len(text) + len(to_json(text.decode())) + ENVELOPE_BYTES


def _cut_to_size(data: dict[str, Any]) -> dict[str, Any]:
    """Return `data`; where it is too large, with its long texts, lists and maps cut, and a note of that."""
    if _size(data) <= MAX_ANSWER_BYTES:
        return data
    for characters, entries in _CUTS:
        note = f"Too large: texts are cut to {characters} characters, lists and maps to {entries} entries."
        cut = {key: value if key == CURSOR else _cut(value, characters, entries) for key, value in data.items()}
        cut[SHORTENED] = note
        if _size(cut) <= MAX_ANSWER_BYTES:
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
