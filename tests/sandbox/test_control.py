import httpx2
import pytest

from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, SANDBOX_API_KEY, Account, Fault, Sandbox

pytestmark = pytest.mark.anyio

CONTROL = "https://api.flodesk.com/_sandbox"


async def test_a_fault_is_asked_for_without_a_credential(
    client: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    asked = await stranger.post(f"{CONTROL}/faults", json={"kind": "status", "status": 503})
    answer = await client.get("/segments")
    assert (asked.status_code, asked.json()["times"]) == (201, 1)
    assert (answer.status_code, answer.headers["X-Fd-RateLimit-Remaining"]) == (503, "99")


@pytest.mark.parametrize("body", [{}, {"kind": "earthquake"}, {"kind": "hang", "time": 2}, []])
async def test_a_fault_that_is_misspelt_is_a_400(stranger: httpx2.AsyncClient, body: object) -> None:
    answer = await stranger.post(f"{CONTROL}/faults", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_requests_are_shown_without_credentials_and_without_control_requests(
    client: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    await client.get("/segments", params={"page": 2})
    await stranger.get(f"{CONTROL}/requests")
    shown = await stranger.get(f"{CONTROL}/requests")
    (recorded,) = shown.json()
    assert (recorded["path"], recorded["query"], recorded["status"]) == ("/v1/segments", {"page": "2"}, 200)
    assert recorded["headers"]["authorization"] == "basic"
    assert "credential" not in recorded
    assert SANDBOX_API_KEY not in shown.text


async def test_a_reset_starts_anew(client: httpx2.AsyncClient, stranger: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    await client.post("/subscribers", json={"email": "jane@example.com"})
    sandbox.fail(Fault("status"))
    assert (await stranger.post(f"{CONTROL}/reset")).status_code == 204
    assert not sandbox.requests
    answer = await client.get("/subscribers/jane@example.com")
    assert (answer.status_code, answer.headers["X-Fd-RateLimit-Remaining"]) == (404, "99")
    assert sandbox.accounts[SANDBOX_API_KEY] is sandbox.accounts[SANDBOX_ACCESS_TOKEN]


async def test_a_reset_brings_back_the_accounts_that_were_given(stranger: httpx2.AsyncClient) -> None:
    account = Account()
    sandbox = Sandbox({"one": account, "token-one": account})
    account.new_id("segment")
    account.palette = ()
    sandbox.reset()
    assert sandbox.accounts["one"].palette == Account().palette
    assert sandbox.accounts["one"] is sandbox.accounts["token-one"]
