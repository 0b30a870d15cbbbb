"""Each field of a result is declared to be personal, or known not to be: then masking reaches it."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from flodesk_mcp.flodesk import Personal
from flodesk_mcp.tools import CATALOG

IMPERSONAL = {
    "id",
    "name",
    "status",
    "source",
    "created_at",
    "updated_at",
    "optin_timestamp",
    "color",
    "segment_type",
    "key",
    "label",
    "post_url",
    "events",
    "subject",
    "url",
    "credential",
    "requests_left",
    "subscribers",
    "active_subscribers",
    "segments",
    "total_active_subscribers",
    "total_items",
    "next_cursor",
    "segment_ids",
    "workflow_id",
    "subscriber",
    "enrolled",
    "deleted",
    "notice",
    "row",
    "code",
    "cleared",
    "as_of",
    *("people", "statuses", "sources", "since", "weeks", "after", "until", "change", "segment", "active", "joined"),
    *("more_segments", "overlaps", "sizes", "shared", "percent", "field", "filled", "more_custom_fields"),
    *("mistyped_people", "ending", "meant", "more_mistyped", "twin_groups", "reason", "count"),
    *("job_id", "kind", "state", "rows", "written", "failed", "skipped", "left", "began_at", "ends_about", "doing"),
    *("outcome", "report", "file", "manifest", "uri", "parts", "bytes", "sha256", "upload_url", "download_url"),
    *("plan_id", "expires_at", "will_write", "new", "changes", "invalid", "duplicates", "unchanged", "to_add"),
    *("to_remove", "stays_unsubscribed", "columns", "column", "ignored_columns", "fields_to_create", "requests"),
    *("segments_to_create", "minutes", "warnings"),
    *("time", "waiting"),
    *("provider", "tags", "raw_only", "contacts", "type", "order", "delay", "step_count", "added", "removed", "now_in"),
    *("not_found_at", "tag", "created_by", "day_range", "totals", "platform_totals", "post_performance"),
    *("breakdowns", "demographics", "role", "location_ids"),
}
"""Fields whose texts may hold an address at most. `subscriber` is what the agent gave."""


def fields_of(model: type[BaseModel]) -> Iterator[tuple[str, bool]]:
    """Return the names of all fields within a result, and whether each is declared to be personal."""
    for name, known in model.model_fields.items():
        inner = [part for part in _parts(known.annotation) if isinstance(part, type) and issubclass(part, BaseModel)]
        for part in inner:
            yield from fields_of(part)
        if not inner:
            yield name, any(isinstance(mark, Personal) for mark in known.metadata)


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


@pytest.mark.parametrize("spec", CATALOG, ids=lambda spec: spec.name)
def test_every_field_is_declared_to_be_personal_or_known_not_to_be(spec: Any) -> None:
    undecided = {name for name, personal in fields_of(spec.result) if not personal} - IMPERSONAL
    assert undecided <= {"result"}
