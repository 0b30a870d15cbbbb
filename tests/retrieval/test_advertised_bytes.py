"""What the descriptions may cost: they compete for the same bytes as the schemas."""

import json
from typing import Any

import pytest

from flodesk_mcp.sandbox import Sandbox
from tools.agent import connected

pytestmark = pytest.mark.anyio

READ_BY_MODELS = ("name", "description", "inputSchema")


async def advertised(toolsets: str) -> list[dict[str, Any]]:
    async with connected("2026-07-28", Sandbox(), toolsets=toolsets) as agent:
        listed = await agent.client.list_tools()
    return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed.tools]


def compact_bytes(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


@pytest.mark.parametrize(
    ("toolsets", "tools", "read", "whole"), [("default", 18, 12_000, 24_000), ("all", 32, 20_000, 48_000)]
)
async def test_the_tools_fit_into_their_bytes(toolsets: str, tools: int, read: int, whole: int) -> None:
    listed = await advertised(toolsets)
    assert len(listed) == tools
    assert compact_bytes([{key: tool[key] for key in READ_BY_MODELS} for tool in listed]) <= read
    assert compact_bytes(listed) <= whole
