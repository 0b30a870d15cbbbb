"""What a tool returns as plain data for a client: short, visible, and masked where that is asked for."""

from typing import Any

from pydantic import BaseModel

from flodesk_mcp.tools.masking import mask_addresses, masked
from flodesk_mcp.tools.results import Everything, Listing
from flodesk_mcp.tools.size import MAX_ANSWER_BYTES, answer_bytes, cut_to_size
from flodesk_mcp.tools.visible import visible

__all__ = ["compact"]


def compact(result: BaseModel, beside: dict[str, Any], mask: bool) -> dict[str, Any]:
    """Return `result` as plain data without what is null or empty, its texts free of invisible characters.

    What is `beside` it is added. With `mask` nothing in it tells who a subscriber is. A page that would make too long
    an answer ends earlier, with a cursor that continues there; what is too long by itself is cut.
    """
    beside = _shortened(beside, mask) if mask else beside
    data = _plain(result, mask) | beside
    while isinstance(result, Everything) and (size := answer_bytes(data)) > MAX_ANSWER_BYTES and len(result.result) > 1:
        kept = max(len(result.result) * MAX_ANSWER_BYTES // size, 1)
        shorter: dict[str, Any] = {"result": result.result[:kept]}
        if isinstance(result, Listing):
            shorter["next_cursor"] = result.cursor_from(kept)
        else:
            shorter["total_items"] = result.total_items or len(result.result)
        result = result.model_copy(update=shorter)
        data = _plain(result, mask) | beside
    return cut_to_size(data)


def _plain(result: BaseModel, mask: bool) -> dict[str, Any]:
    shortened: dict[str, Any] = _shortened(_dumped(result, mask), mask)
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
            if (shortened := _shortened(item, mask)) not in (None, "", [], {}):
                name = _shown(key, mask)
                short[name if name not in short else f"{name} ({len(short)})"] = shortened
        return short
    return value


def _shown(text: str, mask: bool) -> str:
    return mask_addresses(visible(text)) if mask else visible(text)
