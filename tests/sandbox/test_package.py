import subprocess
import sys

import flodesk_mcp.sandbox
from flodesk_mcp.sandbox.app import OPERATIONS


def test_the_package_offers_this_and_no_more() -> None:
    assert flodesk_mcp.sandbox.__all__ == [
        "SANDBOX_ACCESS_TOKEN",
        "SANDBOX_API_KEY",
        "SANDBOX_CLIENT_ID",
        "SANDBOX_CLIENT_SECRET",
        "Account",
        "Fault",
        "RecordedRequest",
        "Sandbox",
        "sample_account",
    ]


def test_a_sandbox_needs_neither_a_server_nor_the_rest_of_the_project() -> None:
    script = (
        "import sys, flodesk_mcp.sandbox as s; s.Sandbox();"
        "print([m for m in ('uvicorn', 'mcp', 'flodesk_mcp.flodesk') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_there_are_the_26_operations_of_the_api_and_userinfo() -> None:
    below = [operation.path.split("/")[1] for operation in OPERATIONS]
    assert (below.count("v1"), below.count("oauth2"), len(OPERATIONS)) == (26, 1, 27)
    assert len({(operation.method, operation.path) for operation in OPERATIONS}) == 27
