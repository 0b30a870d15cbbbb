import base64
from typing import Any

import anyio
import httpx2
import pytest

from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, SANDBOX_API_KEY, Account, Sandbox, sample_account

pytestmark = pytest.mark.anyio

UNAUTHORIZED = {"code": "unauthorized", "message": "Unauthorized access is denied!"}


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("path", ["/segments", "/no/such/path"])
async def test_a_stranger_is_turned_away_before_any_routing(stranger: httpx2.AsyncClient, path: str) -> None:
    answer = await stranger.get(path)
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
    assert answer.headers["x-fd-ratelimit-remaining"] == "100"


@pytest.mark.parametrize(
    "authorization",
    [
        basic("wrong-key:"),
        basic(f"{SANDBOX_API_KEY}:password"),
        basic(SANDBOX_API_KEY),
        basic(f"{SANDBOX_ACCESS_TOKEN}:"),
        "Basic ???",
        "Basic /w==",
        "Bearer token-wrong",
        "Bearer",
        "Digest x",
    ],
)
async def test_a_credential_that_is_wrong_or_wrongly_shown_is_a_401(
    stranger: httpx2.AsyncClient, authorization: str
) -> None:
    answer = await stranger.get("/segments", headers={"Authorization": authorization})
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)


async def test_an_api_key_as_bearer_gets_a_bare_401(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get("/segments", headers={"Authorization": f"Bearer {SANDBOX_API_KEY}"})
    assert (answer.status_code, answer.content) == (401, b"")


async def test_an_access_token_opens_the_same_account(client: httpx2.AsyncClient, partner: httpx2.AsyncClient) -> None:
    await client.post("/subscribers", json={"email": "jane@example.com"})
    assert (await partner.get("/subscribers/jane@example.com")).status_code == 200


async def test_userinfo_is_for_access_tokens_only(client: httpx2.AsyncClient, partner: httpx2.AsyncClient) -> None:
    url = "https://api.flodesk.com/oauth2/userinfo"
    assert (await client.get(url)).status_code == 401
    assert (await partner.get(url)).json() == {
        "id": "64e9f3b20c5d7a1e8b4f6012",
        "email": "rowan@example.com",
        "full_name": "Rowan Ashdown, Wild Fern Floral Studio",
        "created_at": "2023-08-26T09:14:07.203118Z",
        "profile_url": "https://wildfern.example.com",
    }


async def test_a_request_without_user_agent_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/segments", headers={"User-Agent": ""})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/no/such/path", 404), ("GET", "/segments/", 404), ("DELETE", "/segments", 405)],
)
async def test_what_is_not_there_is_refused_in_the_envelope(
    client: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, set(answer.json())) == (status, {"code", "message"})


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b'{"email": ', "application/json"),
        (b"\xff", "application/json"),
        (b"[]", "application/json"),
        (b'{"email": "jane@example.com"}', "text/plain"),
    ],
)
async def test_a_body_that_is_no_json_object_is_a_400(
    client: httpx2.AsyncClient, content: bytes, content_type: str
) -> None:
    answer = await client.post("/subscribers", content=content, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    "query",
    [{"page": 0}, {"page": "x"}, {"page": "9" * 5000}, {"per_page": 0}, {"per_page": 101}, {"per_page": ""}],
)
async def test_a_page_out_of_bounds_is_a_400(client: httpx2.AsyncClient, query: dict[str, Any]) -> None:
    assert (await client.get("/segments", params=query)).status_code == 400


async def test_accounts_know_nothing_of_each_other() -> None:
    sandbox = Sandbox({"key-1": sample_account(), "token-2": Account()})
    async with httpx2.AsyncClient(transport=sandbox.transport(), base_url="https://api.flodesk.com/v1") as client:
        first, second = {"Authorization": basic("key-1:")}, {"Authorization": "Bearer token-2"}
        await client.post("/subscribers", json={"email": "jane@example.com"}, headers=second)
        unknown = await client.get("/subscribers/jane@example.com", headers=first)
        listed = await client.get("/subscribers", headers=second)
    assert unknown.status_code == 404
    assert listed.json()["meta"] == {"page": 1, "per_page": 20, "total_items": 1, "total_pages": 1}


async def test_requests_are_recorded_as_they_arrived(client: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    await anyio.sleep(7)
    await client.post("/subscribers/jane+vip@example.com/segments?a=1", json={"segment_ids": []})
    (recorded,) = sandbox.requests
    assert (recorded.method, recorded.path) == ("POST", "/v1/subscribers/jane+vip@example.com/segments")
    assert (recorded.query, recorded.body, recorded.status) == ({"a": "1"}, {"segment_ids": []}, 404)
    assert recorded.at == anyio.current_time() >= 7
    assert recorded.credential == SANDBOX_API_KEY


async def test_a_record_shows_no_credential(
    client: httpx2.AsyncClient,
    partner: httpx2.AsyncClient,
    stranger: httpx2.AsyncClient,
    sandbox: Sandbox,
) -> None:
    for sender in (client, partner, stranger):
        await sender.get("/segments")
    await stranger.get("/segments", headers={"Authorization": "Digest secret"})
    kinds = [recorded.headers.get("authorization") for recorded in sandbox.requests]
    assert kinds == ["basic", "bearer", None, "unknown"]
    assert not any(secret in repr(sandbox.requests) for secret in (SANDBOX_API_KEY, SANDBOX_ACCESS_TOKEN, "secret"))
