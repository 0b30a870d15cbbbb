"""What the audit says of each tool that writes."""

import logging
from types import SimpleNamespace
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
}


async def target_of(
    caplog: pytest.LogCaptureFixture, tool: str, arguments: Any, identity: str = "ann", key: bytes = b"key"
) -> str:
    """Let a caller call a tool, and return the target in the line that the audit writes."""

    async def answer(_: Any) -> dict[str, Any]:
        return {}

    params = {"name": tool, "arguments": arguments}
    caller = SimpleNamespace(name="token ci", identity=identity)
    context: Any = SimpleNamespace(method="tools/call", params=params, lifespan_context=caller)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        await Audit(key)(context, answer)
    (line,) = caplog.records
    told: dict[str, str] = line.__dict__["audit"]
    assert (told["who"], told["tool"], told["outcome"]) == ("token ci", tool, "done")
    return told["target"]


def test_every_tool_that_writes_is_here() -> None:
    assert {spec.name for spec in CATALOG if not spec.reads_only} == TARGETS.keys()


@pytest.mark.parametrize("tool", TARGETS)
async def test_a_target_is_what_a_tool_writes_to_and_nothing_else(caplog: pytest.LogCaptureFixture, tool: str) -> None:
    names, other = TARGETS[tool]
    arguments = dict.fromkeys(names, "one")
    target = await target_of(caplog, tool, arguments)
    for name in names:
        assert await target_of(caplog, tool, arguments | {name: "two"}) != target, name
        assert await target_of(caplog, tool, dict.fromkeys(names - {name}, "one")) != target, name
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
    assert len(await target_of(caplog, "unsubscribe_a_flodesk_subscriber", arguments)) == 16
