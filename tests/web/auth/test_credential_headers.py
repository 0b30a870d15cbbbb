"""The mode `headers`: callers bring their own credential."""

import httpx2
import pytest

from flodesk_mcp.sandbox import Sandbox

from ..calls import ANN, BEN, LIST_SEGMENTS, Hosted, result_of, segments_of, tools_of

pytestmark = pytest.mark.anyio


async def test_each_caller_sees_the_account_of_its_key(hosted: Hosted) -> None:
    async with hosted(auth="headers") as client:
        assert await segments_of(client, ANN) == ["Friends of ann"]
        assert await segments_of(client, BEN) == ["Friends of ben"]


async def test_a_request_without_a_credential_is_refused_before_its_body_is_read(hosted: Hosted) -> None:
    async with hosted(auth="headers") as client:
        answer = await client.post("/mcp", content=b"not even JSON")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Flodesk-Credential realm=")


async def test_authorization_belongs_to_this_server_and_is_never_passed_on(hosted: Hosted, flodesk: Sandbox) -> None:
    async with hosted(auth="headers") as client:
        bearer = {"Authorization": "Bearer key-ann"}
        assert (await client.post("/mcp", json=LIST_SEGMENTS, headers=bearer)).status_code == 401
        assert await segments_of(client, bearer | BEN) == ["Friends of ben"]
    assert {request.credential for request in flodesk.requests} == {"key-ben"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("X-Flodesk-Api-Key", "")], 401),
        ([("X-Flodesk-Api-Key", "two words")], 401),
        ([("X-Flodesk-Api-Key", "k\xe9y")], 401),
        ([("X-Flodesk-Api-Key", "key-ann"), ("X-Flodesk-Api-Key", "key-ben")], 400),
        ([("X-Flodesk-Api-Key", "key-ann"), ("X-Flodesk-Access-Token", "token-ben")], 400),
        ([("X-Flodesk_Api_Key", "key-ann")], 400),
    ],
)
async def test_a_doubtful_credential_opens_nothing(
    hosted: Hosted, flodesk: Sandbox, headers: list[tuple[str, str]], status: int
) -> None:
    async with hosted(auth="headers") as client:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        answer = await client.post("/mcp", json=LIST_SEGMENTS, headers=httpx2.Headers(raw))
    assert answer.status_code == status
    assert not flodesk.requests


async def test_a_credential_that_flodesk_refuses_names_the_header(hosted: Hosted) -> None:
    async with hosted(auth="headers") as client:
        answer = await client.post("/mcp", json=LIST_SEGMENTS, headers={"X-Flodesk-Api-Key": "wrong"})
    assert answer.status_code == 401
    assert "the header X-Flodesk-Api-Key" in answer.json()["error_description"]


async def test_an_access_token_of_flodesk_is_taken_too(hosted: Hosted, flodesk: Sandbox) -> None:
    flodesk.accounts["token-ann"] = flodesk.accounts["key-ann"]
    async with hosted(auth="headers") as client:
        assert await segments_of(client, {"X-Flodesk-Access-Token": "token-ann"}) == ["Friends of ann"]


async def test_a_request_can_limit_itself(hosted: Hosted) -> None:
    async with hosted(auth="headers") as client:
        everything = await tools_of(client, ANN)
        reading = await tools_of(client, ANN, "/mcp/readonly")
        segments = await tools_of(client, ANN, "/mcp?toolsets=segments")
        both = await tools_of(client, ANN | {"X-Flodesk-Read-Only": "1"}, "/mcp?toolsets=segments")
    assert "create_a_flodesk_segment" in everything - reading
    assert segments < everything
    assert both == segments & reading


async def test_a_request_cannot_widen_what_the_operator_set(hosted: Hosted) -> None:
    async with hosted(auth="headers", read_only=True, toolsets="segments") as client:
        allowed = await tools_of(client, ANN)
        for path in (
            "/mcp?toolsets=all",
            "/mcp?read_only=0",
            "/mcp?tools=create_a_flodesk_segment",
            "/mcp?toolsets=all&toolsets=webhooks",
        ):
            assert await tools_of(client, ANN | {"X-Flodesk-Toolsets": "all"}, path) <= allowed
        create = LIST_SEGMENTS | {"params": {"name": "create_a_flodesk_segment", "arguments": {"name": "New"}}}
        result = result_of(await client.post("/mcp?read_only=0", json=create, headers=ANN))
    assert result["isError"]
    assert "FLODESK_READ_ONLY allows no tool that writes" in result["content"][0]["text"]


@pytest.mark.parametrize(
    ("path", "header", "reason"),
    [
        ("/mcp/readonly", {}, "the address of this connection allows no tool that writes"),
        ("/mcp?read_only=1", {}, "the URL's read_only allows no tool that writes"),
        ("/mcp?exclude_tools=create_a_flodesk_segment", {}, "the URL's exclude_tools names it"),
        ("/mcp", {"X-Flodesk-Read-Only": "1"}, "the header X-Flodesk-Read-Only allows no tool that writes"),
        ("/mcp", {"X-Flodesk-Tools": "list_all_flodesk_segments"}, "the header X-Flodesk-Tools does not name it"),
        (
            "/mcp",
            {"X-Flodesk-Toolsets": "webhooks"},
            "the header X-Flodesk-Toolsets does not name its toolset, 'segments'",
        ),
    ],
)
async def test_a_tool_that_a_request_turned_off_says_where(
    hosted: Hosted, path: str, header: dict[str, str], reason: str
) -> None:
    create = LIST_SEGMENTS | {"params": {"name": "create_a_flodesk_segment", "arguments": {"name": "New"}}}
    async with hosted(auth="headers") as client:
        result = result_of(await client.post(path, json=create, headers=ANN | header))
    assert f"Create a segment is turned off: {reason}." in result["content"][0]["text"]


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("/mcp?toolset=segments", {}),
        ("/mcp?toolsets=segment", {}),
        ("/mcp?read_only=maybe", {}),
        ("/mcp", {"X-Flodesk-Readonly": "1"}),
        ("/mcp", {"X-Flodesk-Tools": "drop_everything"}),
    ],
)
async def test_a_misspelled_limit_is_an_error_and_not_no_limit(
    hosted: Hosted, path: str, header: dict[str, str]
) -> None:
    async with hosted(auth="headers") as client:
        answer = await client.post(path, json=LIST_SEGMENTS, headers=ANN | header)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
