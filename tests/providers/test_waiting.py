"""Whoever waits for a provider hears which one it is."""

from typing import Any

import pytest

from flodesk_mcp.sandbox import Fault, Sandbox
from tools.agent import ERAS, connected

from .conftest import TOOLSETS

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("fault", ["status", "refuse"])
@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("tool", "arguments", "name"),
    [
        ("list_all_flodesk_segments", {}, "Flodesk"),
        ("list_contact_segments", {"provider": "flodesk"}, "Flodesk"),
        ("list_contact_segments", {"provider": "flownurture"}, "FlowNurture"),
        ("list_contact_segments", {"provider": "highlevel"}, "HighLevel"),
        ("list_highlevel_social_tags", {}, "HighLevel"),
    ],
)
async def test_progress_names_who_is_waited_for(
    era: str, sandbox: Sandbox, tool: str, arguments: dict[str, Any], name: str, fault: str
) -> None:
    heard: list[str] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message or "")

    for stand_in in (sandbox, sandbox.flownurture, sandbox.highlevel):
        if fault == "status":
            stand_in.fail(Fault("status", status=429, retry_after=9))
        else:
            stand_in.fail(Fault("refuse", times=4))
    async with connected(era, sandbox, toolsets=TOOLSETS, max_wait_seconds=60) as agent:
        answer = await agent.client.call_tool(tool, arguments, progress_callback=hear)
    assert not answer.is_error, answer.content
    assert heard
    assert {message.partition(":")[0] for message in heard} == {f"Waiting for {name}"}
