"""Values that hold for a while, and those who wait for them."""

from collections.abc import Callable
from math import inf

import anyio
import pytest
from anyio.abc import TaskGroup

from flodesk_mcp.deadline import wait_deadline
from flodesk_mcp.freshness import Fresh, FreshMap

pytestmark = pytest.mark.anyio


class Source:
    """Gives numbers: each look-up takes `seconds`, and fails while `failing` says so."""

    def __init__(self, seconds: float = 10) -> None:
        self.seconds = seconds
        self.failing: Callable[[int], bool] = lambda number: False
        self.look_ups = 0
        self.under_way = 0
        self.most_under_way = 0

    async def look_up(self) -> int:
        self.look_ups += 1
        number = self.look_ups
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await anyio.sleep(self.seconds)
        finally:
            self.under_way -= 1
        if self.failing(number):
            raise LookupError(number)
        return number


class Waiters:
    """Calls in tasks of their own, and what became of each."""

    def __init__(self, tasks: TaskGroup, fresh: Fresh[int]) -> None:
        self._tasks = tasks
        self._fresh = fresh
        self.ended: dict[str, tuple[object, float]] = {}

    def start(self, name: str, *, patience: float = inf, deadline: float | None = None) -> None:
        self._tasks.start_soon(self._wait, name, patience, deadline)

    async def _wait(self, name: str, patience: float, deadline: float | None) -> None:
        outcome: object = "cancelled"
        with anyio.move_on_after(patience):
            try:
                if deadline is None:
                    outcome = await self._fresh.get()
                else:
                    with wait_deadline(deadline):
                        outcome = await self._fresh.get()
            except LookupError as error:
                outcome = error
        self.ended[name] = (outcome, anyio.current_time())


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def fresh(source: Source) -> Fresh[int]:
    return Fresh(source.look_up, 300)


async def test_a_value_holds_for_its_time_and_is_then_looked_up_again(fresh: Fresh[int], source: Source) -> None:
    assert fresh.value is None
    assert await fresh.get() == 1
    await anyio.sleep(299)
    assert await fresh.get() == 1
    await anyio.sleep(1)
    assert fresh.value is None
    assert await fresh.get() == 2


async def test_a_clock_of_ones_own_decides_what_is_fresh(source: Source) -> None:
    now = 0.0
    fresh = Fresh(source.look_up, 300, clock=lambda: now)
    assert await fresh.get() == 1
    await anyio.sleep(1000)
    assert await fresh.get() == 1
    now = 300
    assert await fresh.get() == 2


async def test_all_who_wait_share_one_look_up(fresh: Fresh[int], source: Source) -> None:
    async with anyio.create_task_group() as tasks:
        waiters = Waiters(tasks, fresh)
        for number in range(10):
            waiters.start(str(number))
    assert set(waiters.ended.values()) == {(1, 10)}
    assert source.look_ups == 1


@pytest.mark.parametrize("cancelled", ["first", "second", "third"])
async def test_a_waiter_that_is_cancelled_harms_no_other(cancelled: str, fresh: Fresh[int], source: Source) -> None:
    async with anyio.create_task_group() as tasks:
        waiters = Waiters(tasks, fresh)
        for name in ("first", "second", "third"):
            waiters.start(name, patience=4 if name == cancelled else inf)
            await anyio.lowlevel.checkpoint()
    others = {name: ended for name, ended in waiters.ended.items() if name != cancelled}
    # Only the first one runs the look-up: without it, the next begins anew.
    assert set(others.values()) == ({(2, 14)} if cancelled == "first" else {(1, 10)})
    assert waiters.ended[cancelled] == ("cancelled", 4)
    assert source.most_under_way == 1


async def test_all_who_run_the_look_up_one_after_the_other_may_be_cancelled(fresh: Fresh[int], source: Source) -> None:
    async with anyio.create_task_group() as tasks:
        waiters = Waiters(tasks, fresh)
        for name, patience in {"first": 3.0, "second": 6.0, "third": 9.0, "fourth": inf}.items():
            waiters.start(name, patience=patience)
            await anyio.lowlevel.checkpoint()
    assert waiters.ended["fourth"] == (4, 19)
    assert source.most_under_way == 1


async def test_a_failed_look_up_is_not_kept(fresh: Fresh[int], source: Source) -> None:
    source.failing = lambda number: number == 1
    with pytest.raises(LookupError):
        await fresh.get()
    assert fresh.value is None
    assert await fresh.get() == 2


async def test_who_comes_while_a_look_up_fails_tries_again(fresh: Fresh[int], source: Source) -> None:
    source.failing = lambda number: number == 1
    async with anyio.create_task_group() as tasks:
        waiters = Waiters(tasks, fresh)
        for name in ("first", "second", "third"):
            waiters.start(name)
            await anyio.lowlevel.checkpoint()
    assert isinstance(waiters.ended["first"][0], LookupError)
    assert waiters.ended["second"] == waiters.ended["third"] == (2, 20)
    assert source.most_under_way == 1


async def test_nobody_waits_for_more_than_two_look_ups_that_fail(fresh: Fresh[int], source: Source) -> None:
    source.failing = lambda number: True
    async with anyio.create_task_group() as tasks:
        waiters = Waiters(tasks, fresh)
        for number in range(30):
            waiters.start(str(number))
            await anyio.lowlevel.checkpoint()
    assert len(waiters.ended) == 30
    assert all(isinstance(outcome, LookupError) for outcome, _ in waiters.ended.values())
    assert sorted({ended_at for _, ended_at in waiters.ended.values()}) == [10, 20]
    assert source.look_ups == 2


async def test_nobody_waits_for_another_beyond_its_own_deadline(fresh: Fresh[int], source: Source) -> None:
    source.seconds = 100
    async with anyio.create_task_group() as tasks:
        waiters = Waiters(tasks, fresh)
        waiters.start("slow")
        await anyio.sleep(1)
        source.seconds = 2
        waiters.start("hasty", deadline=20)
        waiters.start("patient", deadline=500)
    assert waiters.ended == {"hasty": (2, 23), "patient": (2, 23), "slow": (1, 100)}
    assert fresh.value == 2  # of the look-up that began last


async def test_what_is_forgotten_is_looked_up_again(fresh: Fresh[int]) -> None:
    assert await fresh.get() == 1
    fresh.forget()
    assert fresh.value is None
    assert await fresh.get() == 2


async def test_a_look_up_that_was_under_way_when_something_changed_is_not_kept(fresh: Fresh[int]) -> None:
    async with anyio.create_task_group() as tasks:
        waiters = Waiters(tasks, fresh)
        waiters.start("before")
        await anyio.sleep(5)
        fresh.forget()
        waiters.start("after")
    assert waiters.ended == {"before": (1, 10), "after": (2, 20)}


async def test_what_somebody_has_just_read_is_kept_and_beats_an_older_look_up(fresh: Fresh[int]) -> None:
    fresh.set(7)
    assert await fresh.get() == 7
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(fresh.refresh)
        await anyio.sleep(5)
        fresh.set(8)
    assert await fresh.get() == 8


async def test_newer_than_a_mark_is_what_a_later_look_up_found(fresh: Fresh[int], source: Source) -> None:
    mark = fresh.look_ups
    assert await fresh.get() == 1
    assert await fresh.newer_than(mark) == 1
    assert await fresh.newer_than(fresh.look_ups) == 2
    assert await fresh.newer_than(mark) == 2
    assert source.look_ups == 2


async def test_a_refresh_looks_up_again_and_shares_a_look_up_that_begins_after_it(
    fresh: Fresh[int], source: Source
) -> None:
    await fresh.get()
    found: list[int] = []

    async def refresh() -> None:
        found.append(await fresh.refresh())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(refresh)
        await anyio.sleep(5)
        for _ in range(3):  # the one under way began before them
            tasks.start_soon(refresh)
    assert found == [2, 3, 3, 3]
    assert source.most_under_way == 1


async def test_a_map_keeps_each_value_for_its_time() -> None:
    known: FreshMap[str, int] = FreshMap(300)
    known.set("a", 1)
    await anyio.sleep(200)
    known.set("b", 2)
    await anyio.sleep(99)
    assert (known.get("a"), known.get("b"), known.get("c")) == (1, 2, None)
    await anyio.sleep(1)
    assert (known.get("a"), known.get("b")) == (None, 2)
    assert len(known) == 1


async def test_a_map_forgets_the_oldest_of_too_many() -> None:
    known: FreshMap[str, int] = FreshMap(300, most=2)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        known.set(key, value)
    assert (known.get("a"), known.get("b"), known.get("c")) == (3, None, 4)
    known.forget("a")
    known.forget("never there")
    assert known.get("a") is None
