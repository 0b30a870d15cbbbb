"""Every operation under every fault: nothing is lost, and nothing is done twice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import anyio
import httpx2
import pytest

from flodesk_mcp.flodesk import (
    AccessToken,
    FlodeskClient,
    FlodeskError,
    Forbidden,
    NoAnswer,
    NotFound,
    QuotaExhausted,
    ServerError,
    StatusError,
    UnreadableAnswer,
    call_budget,
)
from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, Account, Fault, Sandbox

from .operations import COLOR, OPERATIONS, SEGMENT, WEBHOOK, WORKFLOW, Operation, effects, outcome

pytestmark = pytest.mark.anyio

TIMEOUT = 30
MAX_WAIT = 50

FAULTS = {
    "429": Fault("status", status=429),
    "429 with Retry-After": Fault("status", status=429, retry_after=7),
    "500": Fault("status", status=500),
    "502 with HTML": Fault("html"),
    "503": Fault("status", status=503, body=""),
    "refused": Fault("refuse"),
    "dropped before the work": Fault("drop_before"),
    "dropped after the work": Fault("drop_after"),
    "hanging": Fault("hang"),
    "malformed": Fault("malformed"),
    "huge": Fault("huge"),
}
DID_NOTHING = {"429", "429 with Retry-After", "refused"}
ACCEPTED = {"malformed", "huge"}
ENDS_IN: dict[str, type[FlodeskError]] = {
    **dict.fromkeys(("429", "429 with Retry-After"), QuotaExhausted),
    **dict.fromkeys(("500", "502 with HTML", "503"), ServerError),
    **dict.fromkeys(ACCEPTED, UnreadableAnswer),
}

each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=str)
each_fault = pytest.mark.parametrize("fault", FAULTS)


@pytest.fixture
def flodesk(http: httpx2.AsyncClient) -> FlodeskClient:
    return FlodeskClient(
        AccessToken(SANDBOX_ACCESS_TOKEN), http=http, max_wait_seconds=MAX_WAIT, timeout_seconds=TIMEOUT
    )


@each_operation
@each_fault
async def test_a_fault_that_passes(
    operation: Operation, fault: str, flodesk: FlodeskClient, account: Account, sandbox: Sandbox
) -> None:
    before = effects(account)
    sandbox.fail(FAULTS[fault])
    error = await outcome(operation, flodesk)
    made = sum(effects(account)) - sum(before)
    attempts = len(sandbox.requests) + (fault == "refused")

    if operation.kind is None and fault in ACCEPTED:
        assert (error, attempts) == (None, 1)  # no body was expected, so none was needed
    elif fault == "huge":
        assert isinstance(error, UnreadableAnswer)
        assert (error.status, error.uncertain, attempts) == (200, False, 1)
    elif operation.repeatable or fault in DID_NOTHING:
        assert (error, attempts) == (None, 2)
    elif fault == "malformed":
        assert isinstance(error, UnreadableAnswer)
        assert (error.status, error.uncertain, attempts, made) == (200, False, 1, 1)
    else:
        assert isinstance(error, NoAnswer | ServerError)
        assert error.uncertain
        assert (attempts, made) == (1, fault == "dropped after the work")
    if not operation.repeatable:
        assert made == (error is None or fault in {"dropped after the work", *ACCEPTED})


@each_operation
@each_fault
async def test_a_fault_that_stays(
    operation: Operation, fault: str, flodesk: FlodeskClient, account: Account, sandbox: Sandbox
) -> None:
    before = effects(account)
    sandbox.fail(replace(FAULTS[fault], times=100))
    error = await outcome(operation, flodesk)
    made = sum(effects(account)) - sum(before)

    assert anyio.current_time() <= MAX_WAIT + TIMEOUT
    if operation.kind is None and fault in ACCEPTED:
        assert error is None
        return
    expected = {
        "429": QuotaExhausted,
        "500": ServerError,
        "502": ServerError,
        "503": ServerError,
        "hug": UnreadableAnswer,
    }
    assert isinstance(error, expected.get(fault[:3], UnreadableAnswer if fault == "malformed" else NoAnswer))
    assert str(error).endswith((".", "'"))
    assert error is not None
    if not operation.repeatable:
        assert error.uncertain == (fault not in DID_NOTHING | ACCEPTED)
        assert made == (fault in {"dropped after the work", *ACCEPTED})
        assert fault in DID_NOTHING or len(sandbox.requests) == 1
    else:
        assert not error.uncertain


@each_operation
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(
    operation: Operation, status: int, flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(Fault("status", status=status))
    error = await outcome(operation, flodesk)
    assert isinstance(error, StatusError)
    assert (error.status, len(sandbox.requests)) == (status, 1)
    assert error.uncertain == (not operation.repeatable)


async def test_a_client_that_follows_redirects_does_not_do_so_for_us(sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=302))
    async with httpx2.AsyncClient(transport=sandbox.transport(), follow_redirects=True) as http:
        with pytest.raises(StatusError):
            await FlodeskClient(AccessToken(SANDBOX_ACCESS_TOKEN), http=http).list_segments()
    assert len(sandbox.requests) == 1


@each_operation
@pytest.mark.parametrize(("status", "kind"), [(403, Forbidden), (404, NotFound), (409, StatusError)])
async def test_a_refusal_is_not_repeated(
    operation: Operation, status: int, kind: type[StatusError], flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(Fault("status", status=status))
    error = await outcome(operation, flodesk)
    assert isinstance(error, kind)
    assert (error.status, error.uncertain, len(sandbox.requests)) == (status, False, 1)


async def test_repeats_come_ever_later_and_end(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=503, times=100))
    with pytest.raises(ServerError):
        await flodesk.list_segments()
    times = [request.at for request in sandbox.requests]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert len(pauses) == 5
    for number, pause in enumerate(pauses):
        assert 0.75 * 2 ** (number - 1) <= pause <= 1.25 * 2 ** (number - 1)


async def test_retry_after_is_obeyed(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=429, retry_after=33))
    await flodesk.create_segment("Autumn", COLOR)
    assert [request.at for request in sandbox.requests] == [0, 33]


async def test_a_retry_after_of_nothing_is_no_invitation_to_hammer(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=429, retry_after=0, times=100))
    with pytest.raises(QuotaExhausted):
        await flodesk.list_segments()
    assert len(sandbox.requests) == 6
    assert anyio.current_time() > 10


async def test_a_retry_after_beyond_the_budget_fails_at_once_and_names_the_seconds(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(Fault("status", status=429, retry_after=51))
    with pytest.raises(QuotaExhausted, match="in 51 s"):
        await flodesk.list_segments()
    assert anyio.current_time() == 0


async def test_a_429_without_any_hint_is_a_minute(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=429, times=100))
    with pytest.raises(QuotaExhausted, match="in 60 s"):
        await flodesk.list_segments()


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("20", 20),
        (format_datetime(datetime.now(UTC) + timedelta(days=4000), usegmt=True), 3600),
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
        await FlodeskClient(AccessToken("t"), http=http, max_wait_seconds=10_000).list_segment_colors()
    assert times[1] == pytest.approx(wait, rel=0.3)


async def test_a_write_that_may_have_happened_is_not_reported_as_one_that_did_nothing(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(Fault("drop_after", path="/subscribers"))
    sandbox.fail(Fault("status", status=429, retry_after=300, path="/subscribers"))
    with pytest.raises(NoAnswer):
        await flodesk.create_or_update_subscriber(email="new@example.com")


async def test_a_write_that_may_have_happened_is_reported_so_when_its_repeat_finds_no_quota(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(Fault("drop_after"))
    sandbox.spend(SANDBOX_ACCESS_TOKEN, 98)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(expect_no_answer, flodesk)
        await anyio.sleep(0.1)
        await flodesk.list_segments()


async def expect_no_answer(flodesk: FlodeskClient) -> None:
    with pytest.raises(NoAnswer):
        await flodesk.create_or_update_subscriber(email="new@example.com")


async def test_a_removal_whose_first_answer_was_lost_is_a_success(
    flodesk: FlodeskClient, account: Account, sandbox: Sandbox
) -> None:
    sandbox.fail(Fault("drop_after"))
    await flodesk.delete_webhook(WEBHOOK)
    assert [request.status for request in sandbox.requests] == [None, 404]
    assert WEBHOOK not in account.webhooks


async def test_a_missing_subscriber_is_not_found_even_after_a_doubt(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("drop_after"))
    with pytest.raises(NotFound):
        await flodesk.remove_from_segments("nobody@example.com", [SEGMENT])


async def test_a_doubt_at_the_first_path_does_not_hide_that_the_second_is_missing(
    account: Account, sandbox: Sandbox
) -> None:
    plus = Sandbox({SANDBOX_ACCESS_TOKEN: account}, plus_needs_encoding=True)
    async with httpx2.AsyncClient(transport=plus.transport()) as http:
        flodesk = FlodeskClient(AccessToken(SANDBOX_ACCESS_TOKEN), http=http)
        person = await flodesk.create_or_update_subscriber(email="jane+vip@example.com")
        account.enrollments[WORKFLOW, person.id] = "active"
        plus.fail(Fault("status", status=500))
        await flodesk.remove_from_workflow(WORKFLOW, "jane+vip@example.com")
    assert account.enrollments[WORKFLOW, person.id] == "left"


async def test_the_waits_of_a_call_share_its_budget(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("hang", path="colors"))
    sandbox.fail(Fault("status", status=429, retry_after=25, method="POST"))
    with pytest.raises(QuotaExhausted):
        await flodesk.create_segment("Autumn")
    assert [request.method for request in sandbox.requests] == ["GET", "GET", "POST"]
    assert anyio.current_time() < 32


async def test_an_outer_budget_stays_in_force(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=429, retry_after=9))
    with call_budget(5), pytest.raises(QuotaExhausted):
        await flodesk.list_segments()
    assert len(sandbox.requests) == 1


async def test_calls_in_tasks_of_their_own_have_budgets_of_their_own(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=429, retry_after=9, times=1))
    errors = []

    async def call(seconds: float) -> None:
        with call_budget(seconds):
            try:
                await flodesk.list_segments()
            except QuotaExhausted as error:
                errors.append(error.retry_after)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call, 100)
        await anyio.sleep(1)
        tasks.start_soon(call, 5)
        tasks.start_soon(call, 10)
    assert errors == [8]
    assert len(sandbox.requests) == 3
