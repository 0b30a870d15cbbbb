"""When a request is repeated, how long that may take, and what is said in the end."""

from itertools import pairwise

import anyio
import httpx2
import pytest

from flodesk_mcp.flodesk import (
    BearerToken,
    FlodeskClient,
    NoAnswer,
    NotFound,
    QuotaExhausted,
    ServerError,
    wait_deadline,
)
from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, Account, Fault, Sandbox

from .operations import COLOR, SEGMENT, WEBHOOK, WORKFLOW

pytestmark = pytest.mark.anyio

TIMEOUT = 30
MAX_WAIT = 50


@pytest.fixture
def flodesk(http: httpx2.AsyncClient) -> FlodeskClient:
    return FlodeskClient(
        BearerToken(SANDBOX_ACCESS_TOKEN), http=http, max_wait_seconds=MAX_WAIT, timeout_seconds=TIMEOUT
    )


async def test_repeats_come_ever_later_and_end(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=503, times=100))
    with pytest.raises(ServerError):
        await flodesk.segments.list()
    times = [request.at for request in sandbox.requests]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert len(pauses) == 5
    for number, pause in enumerate(pauses):
        assert 0.75 * 2 ** (number - 1) <= pause <= 1.25 * 2 ** (number - 1)


async def test_retry_after_is_obeyed(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=429, retry_after=33))
    await flodesk.segments.create("Autumn", COLOR)
    assert [request.at for request in sandbox.requests] == [0, 33]


async def test_a_retry_after_of_nothing_is_no_invitation_to_hammer(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=429, retry_after=0, times=100))
    with pytest.raises(QuotaExhausted):
        await flodesk.segments.list()
    assert len(sandbox.requests) == 6
    assert anyio.current_time() > 10


async def test_a_retry_after_beyond_the_budget_fails_at_once_and_names_the_seconds(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(Fault("status", status=429, retry_after=51))
    with pytest.raises(QuotaExhausted, match="in 51 s"):
        await flodesk.segments.list()
    assert anyio.current_time() == 0


async def test_a_429_without_any_hint_is_a_minute(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=429, times=100))
    with pytest.raises(QuotaExhausted, match="in 60 s"):
        await flodesk.segments.list()


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("20", 20),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 0.5),
        ("99999999999999999999", 3600),
        ("-1", 0.5),
        ("soon", 0.5),
        ("1.5", 0.5),
        ("²", 0.5),
        ("Mon, 01 Jan 99999 00:00:00 GMT", 0.5),
        ("Mon, 01 Jan 2001 00:00:00 -0000", 0.5),
    ],
)
async def test_a_retry_after_in_any_form_is_understood_or_ignored(
    header: str, wait: float, flodesk: FlodeskClient
) -> None:
    times = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        times.append(anyio.current_time())
        return httpx2.Response(200 if times[1:] else 429, headers={b"Retry-After": header.encode()}, json=[])

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
        await FlodeskClient(BearerToken("t"), http=http, max_wait_seconds=10_000).segments.colors()
    assert times[1] == pytest.approx(wait, rel=0.3)


async def test_a_write_that_may_have_happened_is_not_reported_as_one_that_did_nothing(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(Fault("drop_after", path="/subscribers"))
    sandbox.fail(Fault("status", status=429, retry_after=300, path="/subscribers"))
    with pytest.raises(NoAnswer):
        await flodesk.subscribers.save(email="new@example.com")


async def test_a_write_that_may_have_happened_is_reported_so_when_its_repeat_finds_no_quota(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(Fault("drop_after"))
    sandbox.spend(SANDBOX_ACCESS_TOKEN, 98)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(expect_no_answer, flodesk)
        await anyio.sleep(0.1)
        await flodesk.segments.list()


async def expect_no_answer(flodesk: FlodeskClient) -> None:
    with pytest.raises(NoAnswer):
        await flodesk.subscribers.save(email="new@example.com")


async def test_a_removal_whose_first_answer_was_lost_is_a_success(
    flodesk: FlodeskClient, account: Account, sandbox: Sandbox
) -> None:
    sandbox.fail(Fault("drop_after"))
    await flodesk.webhooks.delete(WEBHOOK)
    assert [request.status for request in sandbox.requests] == [None, 404]
    assert WEBHOOK not in account.webhooks


async def test_a_missing_subscriber_is_not_found_even_after_a_doubt(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("drop_after"))
    with pytest.raises(NotFound):
        await flodesk.subscribers.remove_from_segments("nobody@example.com", [SEGMENT])


async def test_a_doubt_at_the_first_path_does_not_hide_that_the_second_is_missing(
    account: Account, sandbox: Sandbox
) -> None:
    plus = Sandbox({SANDBOX_ACCESS_TOKEN: account}, plus_needs_encoding=True)
    async with httpx2.AsyncClient(transport=plus.transport()) as http:
        flodesk = FlodeskClient(BearerToken(SANDBOX_ACCESS_TOKEN), http=http)
        person = await flodesk.subscribers.save(email="jane+vip@example.com")
        account.enrollments[WORKFLOW, person.id] = "active"
        plus.fail(Fault("status", status=500))
        await flodesk.workflows.remove(WORKFLOW, "jane+vip@example.com")
    assert account.enrollments[WORKFLOW, person.id] == "left"


async def test_the_waits_of_a_call_share_its_budget(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("hang", path="colors"))
    sandbox.fail(Fault("status", status=429, retry_after=25, method="POST"))
    with pytest.raises(QuotaExhausted):
        await flodesk.segments.create("Autumn")
    assert [request.method for request in sandbox.requests] == ["GET", "GET", "POST"]
    assert anyio.current_time() < 32


async def test_an_outer_budget_stays_in_force(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=429, retry_after=9))
    with wait_deadline(5), pytest.raises(QuotaExhausted):
        await flodesk.segments.list()
    assert len(sandbox.requests) == 1


async def test_calls_in_tasks_of_their_own_have_budgets_of_their_own(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=429, retry_after=9, times=1))
    errors = []

    async def call(seconds: float) -> None:
        with wait_deadline(seconds):
            try:
                await flodesk.segments.list()
            except QuotaExhausted as error:
                errors.append(error.retry_after)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call, 100)
        await anyio.sleep(1)
        tasks.start_soon(call, 5)
        tasks.start_soon(call, 10)
    assert errors == [8]
    assert len(sandbox.requests) == 3
