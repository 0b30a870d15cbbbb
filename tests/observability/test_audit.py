"""What the audit says of each tool that names what it is done to."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from flodesk_mcp.observability.audit import Audit
from flodesk_mcp.tools import CATALOG

pytestmark = pytest.mark.anyio

# Which arguments say what a tool writes to, and one that does not.
TARGETS: dict[str, tuple[set[str], str | None]] = {
    "create_a_flodesk_segment": ({"name"}, "color"),
    "create_a_flodesk_subscriber": ({"email", "id", "segment_ids"}, "first_name"),
    "delete_a_flodesk_subscriber_by_id": ({"id_or_email", "segment_ids"}, None),
    "create_a_flodesk_workflow": ({"workflow_id", "email", "id"}, None),
    "delete_a_flodesk_workflow_by_id": ({"workflow_id", "id_or_email"}, None),
    "create_a_flodesk_custom_field": ({"label"}, None),
    "create_a_flodesk_webhook": ({"name", "post_url"}, "events"),
    "update_a_flodesk_webhook_by_id": ({"id"}, "name"),
    "delete_a_flodesk_webhook_by_id": ({"id"}, None),
    "add_a_flodesk_subscriber_to_segments": ({"id_or_email", "segment_ids"}, None),
    "unsubscribe_a_flodesk_subscriber": ({"id_or_email"}, None),
    "create_flodesk_subscribers_in_batch": ({"subscribers", "segment_ids"}, None),
    "create_a_flodesk_campaign_draft": ({"campaign_id", "title"}, "html"),
    "list_all_flodesk_subscribers": ({"segment_id"}, "limit"),
    "get_single_flodesk_subscriber_by_id": ({"id_or_email"}, "fields"),
    "get_single_flodesk_segment_by_id": ({"id"}, None),
    "get_single_flodesk_webhook_by_id": ({"id"}, None),
    "get_flodesk_audience_report": ({"segment_id"}, "days"),
    "plan_flodesk_import": ({"segment_ids"}, "csv"),
    "plan_flodesk_segment_sync": ({"segment_id"}, "csv"),
    "start_flodesk_job": ({"plan_id"}, None),
    "cancel_flodesk_job": ({"job_id"}, None),
    "get_contact": ({"provider", "id_or_email"}, None),
    "save_contact": ({"provider", "email"}, "first_name"),
    "get_contact_segment": ({"provider", "segment_id"}, None),
    "add_contact_to_segments": ({"provider", "id_or_email", "segment_ids"}, None),
    "remove_contact_from_segments": ({"provider", "id_or_email", "segment_ids"}, None),
    "get_contact_workflow": ({"provider", "workflow_id"}, None),
    "enroll_contact": ({"provider", "id_or_email", "workflow_id"}, None),
    "list_contacts": ({"provider", "segment_id"}, "limit"),
    "get_highlevel_social_tag_details": ({"tag_ids"}, None),
    "get_highlevel_social_statistics": ({"profile_ids"}, "platforms"),
    "get_highlevel_user": ({"user_id"}, None),
}


@dataclass(frozen=True)
class Caller:
    """As much of a caller as the audit looks at."""

    identity: str
    name: str = "token ci"
    failed: Callable[[Exception], None] = logging.exception


@dataclass(frozen=True)
class Context:
    """As much of a request as the audit looks at."""

    params: dict[str, Any]
    lifespan_context: Caller
    method: str = "tools/call"


async def target_of(
    caplog: pytest.LogCaptureFixture, tool: str, arguments: Any, identity: str = "ann", key: bytes = b"key"
) -> str:
    """Let a caller call a tool, and return the target in the line that the audit writes."""

    async def answer(_: Any) -> dict[str, Any]:
        return {}

    params = {"name": tool, "arguments": arguments}
    context: Any = Context(params, Caller(identity))
    caplog.clear()
    with caplog.at_level(logging.INFO):
        await Audit(key)(context, answer)
    (line,) = caplog.records
    told: dict[str, str] = line.__dict__["audit"]
    assert (told["who"], told["tool"], told["outcome"]) == ("token ci", tool, "done")
    return told["target"]


def test_every_tool_that_writes_or_reads_what_its_arguments_name_is_here() -> None:
    assert {spec.name for spec in CATALOG if not spec.reads_only or spec.target} == TARGETS.keys()
    naming = {"id", "id_or_email", "email", "segment_id", "campaign_id", "workflow_id"}
    assert {spec.name for spec in CATALOG if naming & spec.arguments.model_fields.keys()} <= TARGETS.keys()


@pytest.mark.parametrize("tool", TARGETS)
async def test_a_target_is_what_a_tool_writes_to_and_nothing_else(caplog: pytest.LogCaptureFixture, tool: str) -> None:
    names, other = TARGETS[tool]
    arguments = dict.fromkeys(names, "one")
    target = await target_of(caplog, tool, arguments)
    for name in names:
        assert await target_of(caplog, tool, arguments | {name: "two"}) != target, name
        assert await target_of(caplog, tool, dict.fromkeys(names - {name}, "one")) != target, name
    assert await target_of(caplog, tool, {}) == "-"
    assert await target_of(caplog, tool, arguments | {other or "unknown": "two"}) == target


async def test_a_target_is_the_same_again_for_the_same_account_and_server_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tool, arguments = "unsubscribe_a_flodesk_subscriber", {"id_or_email": "jane@example.com"}
    target = await target_of(caplog, tool, arguments)
    assert await target_of(caplog, tool, arguments) == target
    assert await target_of(caplog, tool, arguments, identity="ben") != target
    assert await target_of(caplog, tool, arguments, key=b"another") != target


@pytest.mark.parametrize("arguments", [None, [], "text", {"id_or_email": {"nested": object}}])
async def test_arguments_that_are_none_are_no_crash(caplog: pytest.LogCaptureFixture, arguments: Any) -> None:
    expected = 16 if isinstance(arguments, dict) else 1
    assert len(await target_of(caplog, "unsubscribe_a_flodesk_subscriber", arguments)) == expected
