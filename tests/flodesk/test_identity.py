"""An account's identity stays when its secret is replaced, and so do quota, queue and caches."""

from datetime import UTC, datetime

import anyio
import httpx2
import pytest

from flodesk_mcp.flodesk import ApiKey, BearerToken, FlodeskClient, QuotaExhausted, identity_of
from flodesk_mcp.sandbox import Sandbox, sample_account

pytestmark = pytest.mark.anyio

FIRST, SECOND = BearerToken("token-first"), BearerToken("token-second")


@pytest.fixture
def sandbox() -> Sandbox:
    """An account that two tokens open, at a Flodesk that refuses nobody: what is sent too much is seen."""
    account = sample_account()
    return Sandbox(
        {"token-first": account, "token-second": account},
        requests_per_minute=10_000,
        now=lambda: datetime(2026, 9, 15, tzinfo=UTC),
    )


@pytest.fixture
def flodesk(http: httpx2.AsyncClient) -> FlodeskClient:
    return FlodeskClient(FIRST, identity="account-1", http=http, max_wait_seconds=600)


def credentials(sandbox: Sandbox) -> list[str | None]:
    return [request.credential for request in sandbox.requests]


async def test_without_an_identity_the_credential_makes_one(http: httpx2.AsyncClient) -> None:
    client = FlodeskClient(FIRST, http=http)
    assert client.identity == identity_of(FIRST) == identity_of(BearerToken("token-first"))
    assert client.identity != identity_of(SECOND)


def test_an_identity_is_keyed_and_hides_its_secret() -> None:
    assert identity_of(FIRST, b"one key") != identity_of(FIRST, b"another") != identity_of(FIRST)
    assert identity_of(FIRST, b"one key") == identity_of(BearerToken("token-first"), b"one key")
    assert identity_of(ApiKey("x"), b"k") != identity_of(BearerToken("x"), b"k")
    assert len(identity_of(FIRST)) == 64


async def test_a_new_credential_keeps_the_identity_and_is_used_from_then_on(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    await flodesk.segments.list()
    flodesk.credential = SECOND
    await flodesk.segments.list()
    assert (flodesk.identity, flodesk.credential) == ("account-1", SECOND)
    assert credentials(sandbox) == ["token-first", "token-second"]


async def test_a_credential_that_changes_in_the_middle_of_a_minute_sends_no_more_than_100_in_any_60_seconds(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    async def change() -> None:
        for seconds in range(7, 200, 13):
            await anyio.sleep_until(seconds)
            flodesk.credential = FIRST if flodesk.credential is SECOND else SECOND

    async def call(page: int) -> None:
        await anyio.sleep_until(page * 0.3)
        await flodesk.segments.list(page=page)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(change)
        for page in range(1, 301):
            tasks.start_soon(call, page)
    times = [request.at for request in sandbox.requests]
    assert len(times) == 300
    assert set(credentials(sandbox)) == {"token-first", "token-second"}
    assert max(sum(start <= at < start + 60 for at in times) for start in times) == 100


async def test_calls_that_wait_keep_their_place_and_leave_with_the_new_credential(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    for _ in range(100):
        await flodesk.webhooks.list()
    async with anyio.create_task_group() as tasks:
        for page in range(1, 6):
            tasks.start_soon(lambda page=page: flodesk.segments.list(page=page))  # type: ignore[misc]
        await anyio.sleep(10)
        flodesk.credential = SECOND
        tasks.start_soon(lambda: flodesk.segments.list(page=6))
    waited = list(sandbox.requests)[100:]
    assert [request.query["page"] for request in waited] == ["1", "2", "3", "4", "5", "6"]
    assert {request.credential for request in waited} == {"token-second"}


async def test_a_spent_quota_stays_spent(http: httpx2.AsyncClient) -> None:
    flodesk = FlodeskClient(FIRST, http=http, max_wait_seconds=0)
    for _ in range(100):
        await flodesk.webhooks.list()
    flodesk.credential = SECOND
    with pytest.raises(QuotaExhausted):
        await flodesk.webhooks.list()


async def test_caches_are_kept(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    await flodesk.segments.names.id_of("Newsletter")
    await flodesk.custom_fields.labels()
    person = (await flodesk.subscribers.list(per_page=1)).data[0]
    flodesk.credential = SECOND
    await flodesk.segments.names.id_of("VIP")
    await flodesk.custom_fields.labels()
    assert await flodesk.subscribers.status_of(person.id) == person.status
    assert credentials(sandbox) == ["token-first"] * 3


async def test_a_summary_tells_of_the_new_credential(http: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.accounts["key"] = sandbox.accounts["token-first"]
    flodesk = FlodeskClient(FIRST, http=http)
    assert (await flodesk.account.summary()).credential == "access token"
    flodesk.credential = ApiKey("key")
    summary = await flodesk.account.summary()
    assert (summary.credential, summary.email, summary.requests_left) == ("API key", None, 93)
