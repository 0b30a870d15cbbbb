"""What a server imports before anybody works on the whole list: nothing of what that needs."""

import subprocess
import sys

import pytest

SERVE = """
import sys
import anyio
from mcp import Client
from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings

def loaded(*beginnings):
    return {name for name in sys.modules if name.startswith(beginnings)}

async def main():
    settings = Settings(sandbox=True, toolsets=sys.argv[1])
    async with Client(single_server(settings)) as client:
        assert loaded("flodesk_mcp.audience", *HEAVY) == LIGHT, loaded("flodesk_mcp.audience", *HEAVY)
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert len(names) == int(sys.argv[2]), names
        made = await client.call_tool("create_a_flodesk_subscriber", {"email": "new@example.com"})
        assert not made.is_error, made
        print(*sorted(loaded("flodesk_mcp.audience", *HEAVY)))
        if "search_flodesk_subscribers" in names:
            found = await client.call_tool("search_flodesk_subscribers", {"limit": 1})
            assert not found.is_error, found
            assert loaded("sqlalchemy")

LIGHT = {"flodesk_mcp.audience", "flodesk_mcp.audience.operators"}
HEAVY = ("sqlalchemy", "aiosqlite", "rich", "email_validator", "charset_normalizer", "python_calamine")
anyio.run(main)
"""

WORDS = "flodesk_mcp.audience flodesk_mcp.audience.operators"
AND_THE_REPORT = f"{WORDS} flodesk_mcp.audience.report"


@pytest.mark.parametrize(
    ("toolsets", "tools", "imported"), [("default", 18, WORDS), ("all", 32, AND_THE_REPORT)], ids=["plain", "all"]
)
def test_what_the_whole_list_needs_is_imported_by_the_first_call_that_works_on_it(
    toolsets: str, tools: int, imported: str
) -> None:
    command = [sys.executable, "-c", SERVE, toolsets, str(tools)]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == imported
