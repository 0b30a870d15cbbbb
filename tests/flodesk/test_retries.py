"""Every operation under every fault: nothing is lost, and nothing is done twice."""

from collections.abc import Callable
from dataclasses import replace

import anyio
import httpx2
import pytest

from flodesk_mcp.flodesk import (
    BearerToken,
    FlodeskClient,
    FlodeskError,
    Forbidden,
    NoAnswer,
    NotFound,
    QuotaExhausted,
    ServerError,
    StatusError,
    UnreadableAnswer,
)
from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, Account, Fault, Sandbox

from .operations import OPERATIONS, Operation, effects, outcome

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("account")]

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
    "hanging after the work": Fault("hang_after"),
    "malformed": Fault("malformed"),
    "huge": Fault("huge"),
}
# Only where the request surely did nothing may these be sent again. Source: flodesk-api, Repeating a request.
ONCE = [
    operation
    for operation in OPERATIONS
    if operation.name
    in {
        "segments.create",
        "custom_fields.create",
        "webhooks.create",
        "workflows.enroll",
        "campaigns.create_draft",
        "campaigns.create_canva_draft",
    }
]
SAFE = [operation for operation in OPERATIONS if operation not in ONCE]
ANSWERED_WITHOUT_BODY = [
    operation
    for operation in OPERATIONS
    if operation.name in {"workflows.enroll", "workflows.remove", "webhooks.delete"}
]

# Each fault and what the call ends in if it stays.
DID_NOTHING = [("429", QuotaExhausted), ("429 with Retry-After", QuotaExhausted), ("refused", NoAnswer)]
# The same, and how many things the request has made by then, where it makes any.
LEAVES_IN_DOUBT = [
    ("500", ServerError, 0),
    ("502 with HTML", ServerError, 0),
    ("503", ServerError, 0),
    ("dropped before the work", NoAnswer, 0),
    ("dropped after the work", NoAnswer, 1),
    ("hanging", NoAnswer, 0),
    ("hanging after the work", NoAnswer, 1),
]

each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=str)
each_safe_operation = pytest.mark.parametrize("operation", SAFE, ids=str)
each_operation_that_adds = pytest.mark.parametrize("operation", ONCE, ids=str)
passing_and_staying = pytest.mark.parametrize("times", [1, 100], ids=["passing", "staying"])


@pytest.fixture
def flodesk(http: httpx2.AsyncClient) -> FlodeskClient:
    return FlodeskClient(
        BearerToken(SANDBOX_ACCESS_TOKEN), http=http, max_wait_seconds=MAX_WAIT, timeout_seconds=TIMEOUT
    )


@pytest.fixture
def made(account: Account) -> Callable[[], int]:
    """Count what was made since the test began."""
    before = sum(effects(account))
    return lambda: sum(effects(account)) - before


def attempts(sandbox: Sandbox, fault: str) -> int:
    """Count the requests; one that was refused before it was sent did not arrive."""
    return len(sandbox.requests) + (fault == "refused")


@each_operation
@pytest.mark.parametrize("fault", [fault for fault, _ in DID_NOTHING])
async def test_what_surely_did_nothing_is_sent_again(
    operation: Operation, fault: str, flodesk: FlodeskClient, sandbox: Sandbox, made: Callable[[], int]
) -> None:
    sandbox.fail(FAULTS[fault])
    assert await outcome(operation, flodesk) is None
    assert attempts(sandbox, fault) == 2
    assert operation in SAFE or made() == 1


@each_operation
@pytest.mark.parametrize(("fault", "kind"), DID_NOTHING)
async def test_what_never_gets_done_ends_in_time_and_in_no_doubt(
    operation: Operation,
    fault: str,
    kind: type[FlodeskError],
    flodesk: FlodeskClient,
    sandbox: Sandbox,
    made: Callable[[], int],
) -> None:
    sandbox.fail(replace(FAULTS[fault], times=100))
    error = await outcome(operation, flodesk)
    assert isinstance(error, kind)
    assert (error.uncertain, made()) == (False, 0)
    assert str(error).endswith((".", "'"))
    assert anyio.current_time() <= MAX_WAIT + TIMEOUT


@each_safe_operation
@pytest.mark.parametrize("fault", [fault for fault, _, _ in LEAVES_IN_DOUBT])
async def test_what_may_be_done_twice_is_sent_again_after_a_failure_or_silence(
    operation: Operation, fault: str, flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(FAULTS[fault])
    assert await outcome(operation, flodesk) is None
    assert attempts(sandbox, fault) == 2


@each_safe_operation
@pytest.mark.parametrize(("fault", "kind"), [(fault, kind) for fault, kind, _ in LEAVES_IN_DOUBT])
async def test_what_may_be_done_twice_is_given_up_in_time_and_without_doubt(
    operation: Operation, fault: str, kind: type[FlodeskError], flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(replace(FAULTS[fault], times=100))
    error = await outcome(operation, flodesk)
    assert isinstance(error, kind)
    assert not error.uncertain
    assert str(error).endswith((".", "'"))
    assert anyio.current_time() <= MAX_WAIT + TIMEOUT


@each_operation_that_adds
@pytest.mark.parametrize(("fault", "kind", "done"), LEAVES_IN_DOUBT)
@passing_and_staying
async def test_what_would_be_doubled_is_sent_once_and_said_to_be_in_doubt(
    operation: Operation,
    fault: str,
    kind: type[FlodeskError],
    done: int,
    times: int,
    flodesk: FlodeskClient,
    sandbox: Sandbox,
    made: Callable[[], int],
) -> None:
    sandbox.fail(replace(FAULTS[fault], times=times))
    error = await outcome(operation, flodesk)
    assert isinstance(error, kind)
    assert error.uncertain
    assert str(error).endswith((".", "'"))
    assert (attempts(sandbox, fault), made()) == (1, done)
    assert anyio.current_time() <= MAX_WAIT + TIMEOUT


@pytest.mark.parametrize("operation", [known for known in ONCE if known not in ANSWERED_WITHOUT_BODY], ids=str)
@pytest.mark.parametrize("fault", ["malformed", "huge"])
@passing_and_staying
async def test_what_was_accepted_is_not_sent_again_for_a_readable_answer(
    operation: Operation, fault: str, times: int, flodesk: FlodeskClient, sandbox: Sandbox, made: Callable[[], int]
) -> None:
    sandbox.fail(replace(FAULTS[fault], times=times))
    error = await outcome(operation, flodesk)
    assert isinstance(error, UnreadableAnswer)
    assert (error.status, error.uncertain, attempts(sandbox, fault), made()) == (200, False, 1, 1)


each_safe_operation_with_a_body = pytest.mark.parametrize(
    "operation", [known for known in SAFE if known not in ANSWERED_WITHOUT_BODY], ids=str
)


@each_safe_operation_with_a_body
async def test_a_broken_answer_is_asked_for_again(
    operation: Operation, flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(FAULTS["malformed"])
    assert await outcome(operation, flodesk) is None
    assert len(sandbox.requests) == 2


@each_safe_operation_with_a_body
async def test_an_answer_that_stays_broken_is_unreadable(
    operation: Operation, flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(replace(FAULTS["malformed"], times=100))
    error = await outcome(operation, flodesk)
    assert isinstance(error, UnreadableAnswer)
    assert not error.uncertain
    assert anyio.current_time() <= MAX_WAIT + TIMEOUT


@each_safe_operation_with_a_body
@passing_and_staying
async def test_an_answer_that_is_too_long_is_not_asked_for_again(
    operation: Operation, times: int, flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(replace(FAULTS["huge"], times=times))
    error = await outcome(operation, flodesk)
    assert isinstance(error, UnreadableAnswer)
    assert (error.status, error.uncertain, len(sandbox.requests)) == (200, False, 1)


@pytest.mark.parametrize("operation", ANSWERED_WITHOUT_BODY, ids=str)
@pytest.mark.parametrize("fault", ["malformed", "huge"])
@passing_and_staying
async def test_where_no_body_is_expected_none_is_needed(
    operation: Operation, fault: str, times: int, flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(replace(FAULTS[fault], times=times))
    assert await outcome(operation, flodesk) is None
    assert len(sandbox.requests) == 1


@each_operation
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(
    operation: Operation, status: int, flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(Fault("status", status=status))
    error = await outcome(operation, flodesk)
    assert isinstance(error, StatusError)
    assert (error.status, len(sandbox.requests)) == (status, 1)
    assert error.uncertain == (operation in ONCE)


async def test_a_client_that_follows_redirects_does_not_do_so_for_us(sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=302))
    async with httpx2.AsyncClient(transport=sandbox.transport(), follow_redirects=True) as http:
        with pytest.raises(StatusError):
            await FlodeskClient(BearerToken(SANDBOX_ACCESS_TOKEN), http=http).segments.list()
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
