"""The Python SDK's real clients, connected to a real server."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx2
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

# Reading the machine's certificates would take each client longer than its calls.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
Era = Literal["auto", "legacy"]
Transport = Literal["http", "sse"]


@asynccontextmanager
async def connected(
    url: str, headers: dict[str, str], transport: Transport, era: Era, person: Any = None
) -> AsyncIterator[Client]:
    """Connect; `person` is the elicitation callback of a client that has one."""
    if transport == "sse":
        sse = sse_client(f"{url}/sse", headers=headers)
        async with Client(sse, mode=era, elicitation_callback=person) as client:
            yield client
        return
    async with httpx2.AsyncClient(headers=headers, timeout=30, verify=NO_TLS) as http:
        way = streamable_http_client(f"{url}/mcp", http_client=http)
        async with Client(way, mode=era, elicitation_callback=person) as client:
            yield client
