"""Who hears of a long wait, and that nobody who does can spoil it."""

from itertools import pairwise

import anyio
import pytest

from flodesk_mcp.deadline import WaitDeadline, current_deadline
from flodesk_mcp.flodesk import BearerToken, FlodeskClient, QuotaExhausted, open_http, wait_deadline
from flodesk_mcp.quota import WindowQuota
from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, Fault, Sandbox

pytestmark = pytest.mark.anyio


def client_of(sandbox: Sandbox, quota: int = 100) -> FlodeskClient:
    return FlodeskClient(
        BearerToken(SANDBOX_ACCESS_TOKEN),
        http=open_http(sandbox.transport()),
        quota=WindowQuota(quota),
        max_wait_seconds=500,
    )


async def test_long_waits_report_their_progress_every_two_seconds() -> None:
    flodesk = client_of(Sandbox(), quota=1)
    await flodesk.segments.list()
    reports: list[tuple[float, float]] = []

    async def report(waited: float, seconds: float, service: str) -> None:
        reports.append((waited, seconds))

    with wait_deadline(100, report):
        await flodesk.segments.list()
    assert [round(waited, 3) for waited, _ in reports] == list(range(0, 61, 2))
    assert {round(seconds, 3) for _, seconds in reports} == {60.5}


async def test_progress_never_goes_back_over_the_waits_of_one_call() -> None:
    sandbox = Sandbox()
    sandbox.fail(Fault("status", status=503, times=4))
    flodesk = client_of(sandbox)
    reports: list[float] = []

    async def report(waited: float, seconds: float, service: str) -> None:
        assert waited <= seconds
        reports.append(waited)

    with wait_deadline(100, report):
        await flodesk.segments.list()
        sandbox.fail(Fault("status", status=429, retry_after=9))
        await flodesk.segments.list()
    assert len(reports) > 5
    assert all(earlier < later for earlier, later in pairwise(reports))


async def test_short_waits_are_not_reported() -> None:
    sandbox = Sandbox()
    sandbox.fail(Fault("status", status=503))

    async def report(waited: float, seconds: float, service: str) -> None:
        raise AssertionError

    with wait_deadline(100, report):
        await client_of(sandbox).segments.list()


async def test_a_report_that_fails_does_not_fail_the_call() -> None:
    sandbox = Sandbox()
    sandbox.fail(Fault("status", status=429, retry_after=9))
    reports = []

    async def report(waited: float, seconds: float, service: str) -> None:
        reports.append(waited)
        raise RuntimeError("the client is gone")

    with wait_deadline(100, report):
        await client_of(sandbox).segments.list()
    assert reports == [0]


async def test_a_report_that_hangs_does_not_hold_up_the_call() -> None:
    sandbox = Sandbox()
    sandbox.fail(Fault("status", status=429, retry_after=9))

    async def report(waited: float, seconds: float, service: str) -> None:
        await anyio.sleep_forever()

    with wait_deadline(100, report):
        await client_of(sandbox).segments.list()
    assert anyio.current_time() == 9


@pytest.mark.parametrize("failure", [QuotaExhausted(3), ValueError("x")])
async def test_a_failure_during_a_reported_wait_arrives_as_it_is(failure: Exception) -> None:
    async def report(waited: float, seconds: float, service: str) -> None:
        await anyio.sleep_forever()

    with pytest.raises(type(failure)) as raised:
        async with WaitDeadline(100, report).waiting(50):
            raise failure
    assert raised.value is failure


async def test_a_call_cancelled_during_a_reported_wait_ends() -> None:
    sandbox = Sandbox()
    sandbox.fail(Fault("status", status=429, retry_after=90))

    async def report(waited: float, seconds: float, service: str) -> None: ...

    with wait_deadline(100, report), anyio.move_on_after(5) as patience:
        await client_of(sandbox).segments.list()
    assert patience.cancelled_caught
    assert anyio.current_time() == 5


async def test_a_budget_ends_with_its_block() -> None:
    with wait_deadline(5):
        assert current_deadline().seconds_left == 5
        with wait_deadline(50):
            assert current_deadline().seconds_left == 5
        assert current_deadline().seconds_left == 5
    with pytest.raises(LookupError):
        current_deadline()


async def test_a_job_that_begins_within_a_call_has_a_deadline_of_its_own() -> None:
    with wait_deadline(5):
        with wait_deadline(5000, background=True):
            assert current_deadline().background
            assert current_deadline().seconds_left == 5000
            with wait_deadline(7):  # a request of the job
                assert current_deadline().background
        assert not current_deadline().background
