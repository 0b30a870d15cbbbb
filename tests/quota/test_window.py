"""The request window alone, against a model that is too slow to be wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import VirtualTimeLoop
from flodesk_mcp.deadline import WaitDeadline
from flodesk_mcp.quota import QuotaSpent, Slot
from flodesk_mcp.quota.ledger import Bounds
from flodesk_mcp.quota.redis_window import RedisWindow
from flodesk_mcp.quota.turns import LATE
from flodesk_mcp.quota.window import Window

from .blocking_memory import BlockingMemory

pytestmark = pytest.mark.anyio

WINDOW_SECONDS = 60.5


@dataclass(frozen=True)
class Plan:
    """A request that comes `gap` seconds after the one before, and takes `seconds` if it leaves."""

    gap: int
    seconds: int
    sent: bool
    patience: float


PLANS = st.lists(
    st.builds(
        Plan,
        gap=st.integers(0, 40),
        seconds=st.integers(0, 50),
        sent=st.booleans(),
        # Never a multiple of half a second: who is cancelled in the moment of leaving may or may not leave.
        patience=st.integers(0, 200).map(lambda whole: whole + 0.25) | st.just(inf),
    ),
    max_size=25,
)


def modelled(plans: list[Plan], limit: int, at_once: int) -> list[float | None]:
    """Return when each request leaves, in order of arrival, or None where it gave up."""
    left: list[float | None] = []
    held: list[tuple[float, float, float]] = []  # from, until answered, until free
    now = earliest = 0.0
    for plan in plans:
        now += plan.gap
        earliest = max(earliest, now)
        moments = sorted({earliest, *(moment for slot in held for moment in slot if moment > earliest)})
        leaves = next(
            moment
            for moment in moments
            if sum(start <= moment < free for start, _, free in held) < limit
            and sum(start <= moment < answered for start, answered, _ in held) < at_once
        )
        if leaves > now + plan.patience:
            left.append(None)
            continue
        earliest = leaves
        answered = leaves + plan.seconds
        held.append((leaves, answered, answered + WINDOW_SECONDS if plan.sent else answered))
        left.append(leaves)
    return left


@settings(max_examples=300, deadline=None)
@given(PLANS, st.integers(1, 6), st.integers(1, 6))
def test_requests_leave_in_order_and_as_soon_as_the_window_allows(plans: list[Plan], limit: int, at_once: int) -> None:
    holds_model(plans, limit, at_once, lambda: Window(limit, at_once))


@settings(max_examples=25, deadline=None)
@given(PLANS, st.integers(1, 6), st.integers(1, 6))
def test_so_they_do_where_redis_counts(redis_url: str, plans: list[Plan], limit: int, at_once: int) -> None:
    memory = BlockingMemory(redis_url)
    holds_model(
        plans, limit, at_once, lambda: RedisWindow(memory, memory.unused_name(), Bounds(limit, at_once)), 25 * LATE
    )


def holds_model(
    plans: list[Plan], limit: int, at_once: int, opened: Callable[[], Window | RedisWindow], late: float = 0.01
) -> None:
    left: list[float | None] = [None] * len(plans)

    async def request(window: Window | RedisWindow, number: int) -> None:
        plan = plans[number]
        with anyio.move_on_after(plan.patience) as patience:
            async with window.slot(WaitDeadline(inf)) as slot:
                patience.deadline = inf
                left[number] = anyio.current_time()
                slot.sent = plan.sent
                await anyio.sleep(plan.seconds)

    async def all_requests() -> None:
        window = opened()
        async with anyio.create_task_group() as tasks:
            for number, plan in enumerate(plans):
                await anyio.sleep(plan.gap)
                tasks.start_soon(request, window, number)
                await anyio.lowlevel.checkpoint()

    anyio.run(all_requests, backend_options={"loop_factory": VirtualTimeLoop})
    expected = modelled(plans, limit, at_once)
    assert [moment is None for moment in left] == [moment is None for moment in expected]
    assert [moment or 0 for moment in left] == pytest.approx([moment or 0 for moment in expected], abs=late)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_headers_whatever_make_the_window_too_wide_or_shut_for_more_than_a_minute(data: st.DataObject) -> None:
    limit = data.draw(st.integers(1, 8))
    left: list[float] = []

    async def requests() -> None:
        window = Window(limit)
        for _ in range(data.draw(st.integers(1, 30))):
            began = anyio.current_time()
            async with window.slot(WaitDeadline(inf)) as slot:
                left.append(anyio.current_time())
                slot.counted = True
                await anyio.sleep(data.draw(st.integers(0, 5)))
                window.observe(data.draw(st.integers(1, 200)), data.draw(st.integers(0, 200)), slot.left_at)
            assert left[-1] - began <= WINDOW_SECONDS + 0.01
            await anyio.sleep(data.draw(st.integers(0, 30)))

    anyio.run(requests, backend_options={"loop_factory": VirtualTimeLoop})
    assert all(sum(start <= moment < start + 60 for moment in left) <= limit for start in left)


async def test_a_late_answer_does_not_undo_what_a_later_request_showed() -> None:
    window = Window(100)
    async with window.slot(WaitDeadline(inf)) as early:
        await anyio.sleep(1)
        async with window.slot(WaitDeadline(inf)) as late:
            window.observe(100, 0, late.left_at)
        assert window.seconds_until_free() == pytest.approx(WINDOW_SECONDS)
        window.observe(100, 99, early.left_at)
    assert window.seconds_until_free() == pytest.approx(WINDOW_SECONDS)


async def test_requests_that_never_arrived_are_not_taken_off_the_count_of_others() -> None:
    window = Window(10)

    async def request(remaining: int | None) -> None:
        async with window.slot(WaitDeadline(inf)) as slot:
            await anyio.sleep(1)
            if remaining is not None:
                slot.counted = True
                window.observe(10, remaining, slot.left_at)

    await request(4)  # five of somebody else's, and this one
    for _ in range(3):
        await request(None)  # lost
    await request(3)  # the same five, the first, and this one
    assert window.seconds_until_free() > 0


async def test_a_call_that_is_cancelled_while_its_wait_is_reported_leaves_nothing_behind() -> None:
    async def report(waited: float, seconds: float, service: str) -> None:
        with anyio.CancelScope(shield=True):  # a slow client: leaving the wait takes time
            await anyio.sleep(3)

    window = Window(1)
    async with window.slot(WaitDeadline(inf)):
        pass
    for patience in (60.4, 60.5, 60.6, 61, 62, 63, 64):
        with anyio.move_on_after(patience - anyio.current_time()):
            async with window.slot(WaitDeadline(inf, report)):
                await anyio.sleep_forever()
    with anyio.fail_after(2 * WINDOW_SECONDS + 10):
        async with window.slot(WaitDeadline(inf)):
            pass


async def test_a_call_with_room_behind_one_that_is_about_to_leave_is_not_refused() -> None:
    window = Window(2)
    slots: list[Slot] = []

    async def leave(deadline: WaitDeadline) -> None:
        async with window.slot(deadline) as slot:
            slots.append(slot)

    await leave(WaitDeadline(inf))
    await leave(WaitDeadline(inf))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(leave, WaitDeadline(inf))
        await anyio.sleep(60.4999)
        window.close_for(0)
        await anyio.sleep(0.0001)
        tasks.start_soon(leave, WaitDeadline(anyio.current_time()))
    assert len(slots) == 4


async def test_the_seconds_of_a_refusal_are_those_after_which_it_works() -> None:
    window = Window(3)
    for _ in range(3):
        await anyio.sleep(1)
        async with window.slot(WaitDeadline(inf)):
            pass
    with pytest.raises(QuotaSpent) as refused:
        async with window.slot(WaitDeadline(anyio.current_time())):
            pass
    await anyio.sleep(refused.value.seconds)
    async with window.slot(WaitDeadline(anyio.current_time())):
        pass
