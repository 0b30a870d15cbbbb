"""What a server imports before anybody works on the whole list: nothing of what that needs."""

import subprocess
import sys

SERVE = """
import sys
import anyio
from mcp import Client
from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings

async def main():
    async with Client(single_server(Settings(sandbox=True, toolsets="all"))) as client:
        assert len((await client.list_tools()).tools) > 24
        made = await client.call_tool("create_a_flodesk_subscriber", {"email": "new@example.com"})
        assert not made.is_error, made
        print(*sorted(name for name in sys.modules if name.startswith(HEAVY)))
        found = await client.call_tool("search_flodesk_subscribers", {"limit": 1})
        assert not found.is_error, found
        assert "sqlalchemy" in sys.modules

HEAVY = ("flodesk_mcp.audience.mirror", "flodesk_mcp.audience.jobs", "sqlalchemy", "aiosqlite", "rich")
anyio.run(main)
"""


def test_what_the_whole_list_needs_is_imported_by_the_first_call_that_works_on_it() -> None:
    ran = subprocess.run([sys.executable, "-c", SERVE], capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == ""
