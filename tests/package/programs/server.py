"""A program that builds the server into something of its own, type-checked against the installed package."""

import asyncio

from mcp import Client

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.server import single_server
from flodesk_mcp.settings import load_settings


async def main() -> None:
    """List the tools of a server on a sandbox."""
    server = single_server(load_settings(sandbox=True), Sandbox().transport())
    async with Client(server) as client:
        print(len((await client.list_tools()).tools))


asyncio.run(main())
