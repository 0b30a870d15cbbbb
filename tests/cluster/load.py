"""Clients that call a cluster again and again."""

import random
from collections import Counter
from typing import Any

import anyio
import httpx2

from web.calls import LIST_SEGMENTS

PAUSE_SECONDS = 4.0


class Load:
    """Clients that call again and again; it counts what came of it."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http
        self.outcomes: Counter[str] = Counter()
        self.is_over = False

    async def call(self, headers: dict[str, str], message: dict[str, Any]) -> None:
        while not self.is_over:
            await anyio.sleep(random.uniform(0, PAUSE_SECONDS))
            try:
                answer = await self._http.post("/mcp", json=message, headers=headers)
                done = answer.status_code == 200 and '"isError":false' in answer.text
                self.outcomes["done" if done else f"{answer.status_code} {answer.text[:300]}"] += 1
            except httpx2.HTTPError as error:
                self.outcomes[repr(error)] += 1

    async def in_session(self) -> None:
        start = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "load", "version": "1"}}
        opening = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": start}
        opened = await self._http.post("/mcp", json=opening)
        headers = {"Mcp-Session-Id": opened.headers["Mcp-Session-Id"], "MCP-Protocol-Version": "2025-11-25"}
        await self.call(headers, LIST_SEGMENTS)
