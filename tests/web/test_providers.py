"""Which providers a caller of a hosted server has: what it brings in headers, and never what is the operator's."""

import httpx2
import pytest

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.sandbox.flownurture import FLOWNURTURE_API_KEY
from flodesk_mcp.sandbox.highlevel import HIGHLEVEL_LOCATION_ID, HIGHLEVEL_TOKEN
from flodesk_mcp.store import StoredAccounts, StoredTokens, TokenLimits

from .calls import ANN, BEN, LIST_TOOLS, Hosted, call, result_of

pytestmark = pytest.mark.anyio

NURTURE = {"X-FlowNurture-Api-Key": FLOWNURTURE_API_KEY}
LEVEL = {"X-HighLevel-Token": HIGHLEVEL_TOKEN, "X-HighLevel-Location-Id": HIGHLEVEL_LOCATION_ID}
OPERATORS = {"flownurture_api_key": "fn_operator", "highlevel_token": "pit-operator", "highlevel_location_id": "here"}


async def choices(client: httpx2.AsyncClient, headers: dict[str, str]) -> list[str]:
    tools = result_of(await client.post("/mcp", json=LIST_TOOLS, headers=headers))["tools"]
    (tool,) = [tool for tool in tools if tool["name"] == "list_contacts"]
    provider = tool["inputSchema"]["properties"].get("provider", {})
    return list(provider.get("enum", []))


async def test_a_caller_has_what_it_brings(hosted: Hosted) -> None:
    async with hosted(auth="headers", toolsets="unified") as client:
        assert await choices(client, ANN) == []
        assert await choices(client, ANN | NURTURE) == ["flodesk", "flownurture"]
        assert await choices(client, ANN | NURTURE | LEVEL) == ["flodesk", "flownurture", "highlevel"]
        assert await choices(client, BEN | LEVEL) == ["flodesk", "highlevel"]
        half = {"X-HighLevel-Token": HIGHLEVEL_TOKEN}
        assert await choices(client, ANN | half) == []


async def test_what_it_brings_opens_its_account_there(hosted: Hosted, flodesk: Sandbox) -> None:
    asked = call("list_contacts", provider="flownurture", limit=1)
    async with hosted(auth="headers", toolsets="unified") as client:
        shown = result_of(await client.post("/mcp", json=asked, headers=ANN | NURTURE))
        wrong = result_of(await client.post("/mcp", json=asked, headers=ANN | {"X-FlowNurture-Api-Key": "fn_wrong"}))
        none = result_of(await client.post("/mcp", json=asked, headers=BEN))
    assert shown["structuredContent"]["result"][0]["provider"] == "flownurture"
    assert "the header X-FlowNurture-Api-Key" in wrong["content"][0]["text"]
    assert "fn_wrong" not in wrong["content"][0]["text"]
    assert none["isError"]
    assert len(flodesk.flownurture.requests) == 2


async def test_an_id_that_one_caller_has_seen_says_nothing_to_another(hosted: Hosted) -> None:
    async with hosted(auth="headers", toolsets="unified") as client:
        headers = ANN | NURTURE | LEVEL
        listed = call("list_contacts", provider="highlevel", limit=1)
        known = result_of(await client.post("/mcp", json=listed, headers=headers))["structuredContent"]["result"][0][
            "id"
        ]
        asked = call("get_contact", provider="flownurture", id_or_email=known)
        told = result_of(await client.post("/mcp", json=asked, headers=headers))["content"][0]["text"]
        other = result_of(await client.post("/mcp", json=asked, headers=BEN | NURTURE | LEVEL))["content"][0]["text"]
    assert "is an id of HighLevel" in told
    assert "is an id of HighLevel" not in other


async def test_nobody_gets_what_is_the_operators(hosted: Hosted) -> None:
    async with hosted(auth="headers", toolsets="unified", **OPERATORS) as client:
        assert await choices(client, ANN) == []
        answer = await client.post("/mcp", json=call("list_contacts", provider="highlevel"), headers=ANN)
        assert result_of(answer)["isError"]


async def test_on_a_machine_of_ones_own_the_settings_count_and_headers_do_not(hosted: Hosted) -> None:
    async with hosted(api_key="key-ann", toolsets="unified", flownurture_api_key=FLOWNURTURE_API_KEY) as client:
        assert await choices(client, LEVEL) == ["flodesk", "flownurture"]
        answer = await client.post("/mcp", json=call("list_contacts", provider="flownurture", limit=1))
        assert not result_of(answer)["isError"]


@pytest.mark.parametrize(
    ("tool", "given", "told"),
    [
        ("list_contacts", {"provider": "flownurture"}, "own for FlowNurture with each request: X-FlowNurture-Api-Key."),
        (
            "list_highlevel_social_tags",
            {},
            "own for HighLevel with each request: X-HighLevel-Token and X-HighLevel-Location-Id.",
        ),
    ],
)
async def test_without_a_credential_for_a_provider_it_says_how_to_bring_one(
    hosted: Hosted, tool: str, given: dict[str, str], told: str
) -> None:
    async with hosted(auth="headers", toolsets="unified,highlevel_social") as client:
        answer = result_of(await client.post("/mcp", json=call(tool, **given), headers=ANN))
    assert answer["isError"]
    assert told in answer["content"][0]["text"]
    assert "Whoever runs" not in answer["content"][0]["text"]


async def test_where_no_credential_can_be_brought_it_says_that(
    hosted: Hosted, state: tuple[StoredAccounts, StoredTokens], flodesk: Sandbox
) -> None:
    _, tokens = state
    made = await tokens.create("of ann", "ann", TokenLimits())
    bearer = {"Authorization": f"Bearer {made}"} | LEVEL
    async with hosted(auth="tokens", toolsets="unified") as client:
        answer = result_of(await client.post("/mcp", json=call("list_contacts", provider="highlevel"), headers=bearer))
    assert "This server opens no account at HighLevel" in answer["content"][0]["text"]
    assert not flodesk.highlevel.requests
