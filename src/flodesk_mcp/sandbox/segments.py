"""Segments: list, create, read, and the palette of their colors."""

from typing import Annotated, Any

from pydantic import Field
from starlette.responses import Response

from flodesk_mcp.sandbox.account import Account, Segment
from flodesk_mcp.sandbox.answers import Refused, created, ok, page, timestamp
from flodesk_mcp.sandbox.operation import Call, Form, Operation


class SegmentForm(Form):
    """A new segment; its name may repeat one that is there."""

    name: Annotated[str, Field(min_length=1)]
    color: str


def list_segments(call: Call) -> Response:
    """List all segments."""
    segments = list(call.account.segments.values())
    return ok(page(segments, call.query, lambda segment: _show(call.account, segment)))


def create_segment(call: Call) -> Response:
    """Create a segment in one of the palette's colors."""
    form = call.form(SegmentForm)
    if form.color not in call.account.palette:
        raise Refused(400, "color must be one of GET /segments/colors.")
    segment = Segment(call.account.new_id("segment"), form.name, form.color, call.now)
    call.account.segments[segment.id] = segment
    return created(_show(call.account, segment))


def list_colors(call: Call) -> Response:
    """List the palette, as a bare array."""
    return ok(list(call.account.palette))


def get_segment(call: Call) -> Response:
    """Read one segment."""
    segment = call.account.segments.get(call.parameters["id"])
    if segment is None:
        raise Refused(404, "Segment not found.")
    return ok(_show(call.account, segment))


def _show(account: Account, segment: Segment) -> dict[str, Any]:
    return {
        "id": segment.id,
        "name": segment.name,
        "total_active_subscribers": account.active_subscribers(segment.id),
        "created_at": timestamp(segment.created_at),
        "color": segment.color,
        "segment_type": segment.segment_type,
    }


OPERATIONS = (
    Operation("GET", "/v1/segments", list_segments),
    Operation("POST", "/v1/segments", create_segment),
    Operation("GET", "/v1/segments/colors", list_colors),  # before {id}, which would swallow it
    Operation("GET", "/v1/segments/{id}", get_segment),
)
