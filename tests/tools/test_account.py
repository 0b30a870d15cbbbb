"""The tool on the account itself."""

import pytest
from mcp import Client
from pydantic import SecretStr

from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, Account, Sandbox
from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings

from .agent import Agent, Sent, connected

pytestmark = pytest.mark.anyio

TOOL = "get_flodesk_account"

COUNTS = [
    Sent("GET", "/v1/subscribers", {"page": "1", "per_page": "1"}, None),
    Sent("GET", "/v1/subscribers", {"page": "1", "per_page": "1", "status": "active"}, None),
    Sent("GET", "/v1/segments", {"page": "1", "per_page": "1"}, None),
]


async def test_of_a_key_it_is_told_that_it_works_what_is_left_and_how_many_there_are(
    era: str, sandbox: Sandbox
) -> None:
    async with connected(era, sandbox, toolsets="account") as agent:
        data = await agent.call(TOOL)
        assert agent.sent == COUNTS
    assert data.pop("requests_left") < 100 - len(COUNTS) + 1
    assert data == {"credential": "API key", "subscribers": 420, "active_subscribers": 357, "segments": 12}


async def test_of_an_access_token_it_is_told_whose_account_it_is(era: str, sandbox: Sandbox, account: Account) -> None:
    settings = Settings(access_token=SecretStr(SANDBOX_ACCESS_TOKEN), toolsets="account")
    server = single_server(settings, sandbox.transport())
    async with Client(server, mode=era) as client:
        agent = Agent(client, sandbox)
        data = await agent.call(TOOL)
        assert agent.sent == [Sent("GET", "/oauth2/userinfo", {}, None), *COUNTS]
    assert (data["credential"], data["email"], data["full_name"]) == (
        "access token",
        account.profile.email,
        account.profile.full_name,
    )


async def test_an_empty_account_is_told_as_such(era: str, sandbox: Sandbox, account: Account) -> None:
    account.subscribers.clear()
    account.segments.clear()
    async with connected(era, sandbox, toolsets="account") as agent:
        data = await agent.call(TOOL)
    assert (data["subscribers"], data["active_subscribers"], data["segments"]) == (0, 0, 0)
