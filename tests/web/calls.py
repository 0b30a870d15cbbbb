"""Requests as clients make them, and what is in the answers."""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import httpx2

from flodesk_mcp.sandbox import Account
from flodesk_mcp.sandbox.account import Profile, Segment

ANN = {"X-Flodesk-Api-Key": "key-ann"}
BEN = {"X-Flodesk-Api-Key": "key-ben"}
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}

Backend = tuple[str, dict[str, Callable[[], Any]]]
ReplaceCredential = Callable[[str, str], Awaitable[None]]
Hosted = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]


def account_of(person: str) -> Account:
    """An account whose one segment has its owner's name."""
    account = Account(profile=Profile(id=person))
    account.segments[f"segment-{person}"] = Segment(
        f"segment-{person}", f"Friends of {person}", "#F2C9C0", datetime(2026, 1, 1, tzinfo=UTC)
    )
    return account


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


LIST_SEGMENTS = call("list_all_flodesk_segments")
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
NEWEST = LIST_SEGMENTS | {"params": LIST_SEGMENTS["params"] | {"_meta": META}}
"""The same in the newest revision of the protocol, with its headers."""

NEWEST_HEADERS = {
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": "tools/call",
    "Mcp-Name": "list_all_flodesk_segments",
}
LIST_TOOLS = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def result_of(answer: httpx2.Response) -> dict[str, Any]:
    """The result in an answer of the Streamable HTTP transport."""
    assert answer.status_code == 200, answer.text
    data = next(line for line in answer.text.splitlines() if line.startswith("data: "))
    result: dict[str, Any] = json.loads(data.removeprefix("data: "))["result"]
    return result


async def segments_of(client: httpx2.AsyncClient, headers: Mapping[str, str], path: str = "/mcp") -> list[str]:
    result = result_of(await client.post(path, json=LIST_SEGMENTS, headers=headers))
    assert not result["isError"], result
    return [segment["name"] for segment in result["structuredContent"]["result"]]


async def tools_of(client: httpx2.AsyncClient, headers: Mapping[str, str], path: str = "/mcp") -> set[str]:
    result = result_of(await client.post(path, json=LIST_TOOLS, headers=headers))
    return {tool["name"] for tool in result["tools"]}
