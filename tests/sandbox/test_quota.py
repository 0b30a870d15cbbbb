import anyio
import httpx2
import pytest

from flodesk_mcp.sandbox import SANDBOX_API_KEY, Account, Sandbox

pytestmark = pytest.mark.anyio

BATCH = {"subscribers": [{"email": "jane@example.com"}]}


def quota(answer: httpx2.Response) -> tuple[str, str]:
    return answer.headers["X-Fd-RateLimit-Limit"], answer.headers["X-Fd-RateLimit-Remaining"]


async def test_every_answer_tells_the_quota(client: httpx2.AsyncClient) -> None:
    answers = [
        await client.get("/segments"),
        await client.get("/no/such/path"),
        await client.post("/segments"),
    ]
    assert [quota(answer) for answer in answers] == [("100", "99"), ("100", "98"), ("100", "97")]


async def test_the_request_after_the_last_is_a_429_without_retry_after(client: httpx2.AsyncClient) -> None:
    answers = [await client.get("/segments/colors") for _ in range(101)]
    assert {answer.status_code for answer in answers[:100]} == {200}
    assert answers[100].status_code == 429
    assert answers[100].json()["code"] == "too_many_requests"
    assert quota(answers[100]) == ("100", "0")
    assert "Retry-After" not in answers[100].headers


async def test_the_window_moves_and_refused_requests_do_not_count() -> None:
    sandbox = Sandbox(requests_per_minute=2)
    async with httpx2.AsyncClient(
        transport=sandbox.transport(), base_url="https://api.flodesk.com/v1", auth=(SANDBOX_API_KEY, "")
    ) as client:
        statuses = []
        for pause in (0, 40, 10, 9.5, 1, 0, 39, 1):
            await anyio.sleep(pause)
            statuses.append((await client.get("/segments/colors")).status_code)
    # at 0, 40, 50, 59.5, 60.5, 60.5, 99.5, 100.5
    assert statuses == [200, 200, 429, 429, 200, 429, 429, 200]


async def test_batches_have_a_window_of_their_own_and_count_in_both(client: httpx2.AsyncClient) -> None:
    answers = [await client.post("/subscribers/batch", json=BATCH) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert quota(await client.get("/segments")) == ("100", "79")
    await anyio.sleep(60)
    assert (await client.post("/subscribers/batch", json=BATCH)).status_code == 200


async def test_the_credentials_of_an_account_share_its_quota(
    client: httpx2.AsyncClient, partner: httpx2.AsyncClient
) -> None:
    await client.get("/segments")
    assert quota(await partner.get("/segments")) == ("100", "98")


async def test_accounts_do_not_share_a_quota() -> None:
    sandbox = Sandbox({"one": Account(), "two": Account()})
    async with httpx2.AsyncClient(transport=sandbox.transport(), base_url="https://api.flodesk.com/v1") as client:
        await client.get("/segments", auth=("one", ""))
        assert quota(await client.get("/segments", auth=("two", ""))) == ("100", "99")


async def test_another_application_spends_the_same_quota(client: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.spend(SANDBOX_API_KEY, 90)
    assert quota(await client.get("/segments")) == ("100", "9")
    sandbox.spend(SANDBOX_API_KEY, 90)
    assert quota(await client.get("/segments")) == ("100", "0")
