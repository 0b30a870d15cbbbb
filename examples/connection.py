"""What all recipes share: a server over standard input, on the sandbox, and the few things that each of them does."""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult, TextContent

Call = Callable[..., Awaitable[dict[str, Any]]]

SERVER = StdioServerParameters(
    command=sys.executable,
    args=["-m", "flodesk_mcp", "--toolsets", "all", "--sandbox"],  # for your own account, take --sandbox away
    env=dict(os.environ),
)


class ToolFailed(Exception):
    """A tool did not do what was asked; the text says what failed, and what to do next."""


@asynccontextmanager
async def flodesk() -> AsyncIterator[Call]:
    """Start the server, and yield what calls its tools by name and returns their data. A call raises ToolFailed."""
    async with Client(SERVER) as client:

        async def call(tool: str, /, **given: Any) -> dict[str, Any]:
            result = await client.call_tool(tool, given)
            if not isinstance(result, CallToolResult) or result.is_error:
                said = result.content if isinstance(result, CallToolResult) else []
                raise ToolFailed(" ".join(part.text for part in said if isinstance(part, TextContent)))
            return result.structured_content or {}

        yield call


async def carried_out(call: Call, plan: dict[str, Any]) -> dict[str, Any]:
    """Carry a plan out, and return its job when it is done. Raises ToolFailed."""
    job = await call("start_flodesk_job", plan_id=plan["plan_id"])
    while job["state"] in {"running", "waiting"}:
        job = await call("get_flodesk_job", job_id=job["job_id"], wait_seconds=20)
    if job["state"] != "done":
        raise ToolFailed(f"The job was {job['state']}: {job.get('problems')}")
    return job


async def segment(call: Call, name: str) -> str:
    """Return the id of the segment of that name, which is created if there is none: a repeat makes no second one."""
    listed = await call("list_all_flodesk_segments", limit=100)
    found = [known["id"] for known in listed["result"] if known["name"] == name]
    return found[0] if found else str((await call("create_a_flodesk_segment", name=name))["id"])


async def members(call: Call, segment: str) -> set[str]:
    """Return the addresses of the people in a segment: of up to 100."""
    listed = await call("list_all_flodesk_subscribers", segment_id=segment, fields=["email"], limit=100)
    return {person["email"] for person in listed["result"]}
