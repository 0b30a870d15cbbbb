"""Every operation under every fault: nothing is lost, and nothing is done twice."""

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
    "hanging after the work": Fault("hang_after"),
    "malformed": Fault("malformed"),
    "huge": Fault("huge"),
}
DID_NOTHING = {"429", "429 with Retry-After", "refused"}
ACCEPTED = {"malformed", "huge"}
LOST_AFTER_THE_WORK = {"dropped after the work", "hanging after the work"}
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
        BearerToken(SANDBOX_ACCESS_TOKEN), http=http, max_wait_seconds=MAX_WAIT, timeout_seconds=TIMEOUT
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
        assert (attempts, made) == (1, fault in LOST_AFTER_THE_WORK)
    if not operation.repeatable:
        assert made == (error is None or fault in LOST_AFTER_THE_WORK | ACCEPTED)


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
        assert made == (fault in LOST_AFTER_THE_WORK | ACCEPTED)
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
