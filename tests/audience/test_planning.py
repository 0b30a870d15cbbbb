"""Plans that take longer than a call may wait: they go on beside it, and the same call again gets them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from flodesk_mcp.audience.draft import Draft
from flodesk_mcp.audience.errors import FileRefused, StillPlanning, StillReading
from flodesk_mcp.audience.files import Table
from flodesk_mcp.audience.files.people import BATCH
from flodesk_mcp.audience.plan import Plan
from flodesk_mcp.deadline import wait_deadline

from .accounts import mirrored
from .importing import FAIR, Opened, Studio

pytestmark = pytest.mark.anyio

LONGEST = 25


class People:
    """A list of people."""

    def __init__(self, people: int = 2 * BATCH + 1, *, broken: bool = False) -> None:
        self.people = people
        self.broken = broken
        self.opened = 0

    @contextmanager
    def __call__(self) -> Iterator[Table]:
        self.opened += 1
        yield Table(["email"], self._rows())

    def _rows(self) -> Iterator[Any]:
        for number in range(self.people):
            yield number + 1, [f"p{number}@example.com"]
        if self.broken:
            raise FileRefused("It breaks off.")


@pytest.fixture(autouse=True)
def _slow_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each batch of rows take half a minute."""
    put = Draft.put

    async def slowly(draft: Draft, *given: Any) -> None:
        await anyio.sleep(30)
        await put(draft, *given)

    monkeypatch.setattr(Draft, "put", slowly)


async def planned(opened: Opened, source: People, asked: str = "a call") -> Plan:
    """Call again until the plan is there, and never wait too long."""
    for _ in range(20):
        began = anyio.current_time()
        try:
            with wait_deadline(20):
                return await opened.audience.plan_import(source, asked=asked)
        except StillPlanning as told:
            assert anyio.current_time() - began <= LONGEST
            await anyio.sleep(told.seconds)
    raise AssertionError("the plan never came")


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path, grows=True)


async def test_a_long_plan_goes_on_beside_the_call_and_the_same_call_gets_it(studio: Studio) -> None:
    source = People()
    async with studio.opened() as opened:
        with wait_deadline(20), pytest.raises(StillPlanning, match=rf"{BATCH:,} rows so far.*same call again") as told:
            await opened.audience.plan_import(source, asked="a call")
        assert told.value.rows == BATCH
        plan = await planned(opened, source)
        job = await opened.carried_out(plan)
    assert (plan.numbers["rows"], source.opened) == (source.people, 1)
    assert (job.state, job.written) == ("done", source.people)


async def test_after_it_has_its_plan_the_same_call_plans_anew(studio: Studio) -> None:
    source = People(3)
    async with studio.opened() as opened:
        first = await planned(opened, source)
        second = await planned(opened, source)
    assert first.id != second.id
    assert source.opened == 2


async def test_another_call_does_not_get_the_plan(studio: Studio) -> None:
    one, other = People(), People(1)
    async with studio.opened() as opened:
        with wait_deadline(20), pytest.raises(StillPlanning):
            await opened.audience.plan_import(one, asked="one")
        assert (await planned(opened, other, "other")).numbers["rows"] == 1
        assert (await planned(opened, one, "one")).numbers["rows"] == one.people


async def test_two_who_ask_the_same_at_once_get_one_plan(studio: Studio) -> None:
    source, plans = People(), []

    async with studio.opened() as opened, anyio.create_task_group() as both:

        async def ask() -> None:
            plans.append(await planned(opened, source))

        both.start_soon(ask)
        both.start_soon(ask)
    assert len({plan.id for plan in plans}) == 1
    assert source.opened == 1


async def test_what_goes_wrong_later_is_told_to_the_call_that_comes_back(studio: Studio) -> None:
    source = People(broken=True)
    async with studio.opened() as opened:
        with pytest.raises(FileRefused, match="It breaks off"):
            await planned(opened, source)
    assert source.opened == 1


async def test_another_process_waits_for_the_plan_and_hands_it_over(studio: Studio) -> None:
    source, never = People(), People()
    async with studio.opened() as opened, studio.opened() as others:
        with wait_deadline(20), pytest.raises(StillPlanning):
            await opened.audience.plan_import(source, asked="a call")
        plan = await planned(others, never)
        job = await others.carried_out(plan)
    assert (plan.numbers["rows"], job.state) == (source.people, "done")
    assert never.opened == 0


async def test_after_the_death_of_its_maker_a_plan_is_made_anew(studio: Studio) -> None:
    killed, source = People(), People(5)
    async with studio.opened() as opened:
        with wait_deadline(20), pytest.raises(StillPlanning):
            await opened.audience.plan_import(killed, asked="a call")
    async with studio.opened() as opened:
        opened.audience.plans._clock = lambda: opened.audience.clock() + 16
        plan = await planned(opened, source)
    assert plan.numbers["rows"] == 5


@pytest.mark.parametrize("kind", ["import", "sync"])
async def test_a_plan_waits_for_a_list_that_was_never_read_and_no_call_does(kind: str) -> None:
    async with mirrored(8_000) as account:
        account.flodesk.transport.seconds = 1.0
        segment = next(iter(account.account.segments))
        refused = []
        while True:
            began = anyio.current_time()
            try:
                with wait_deadline(20):
                    if kind == "import":
                        plan = await account.audience.plan_import(People(100), asked="a call")
                    else:
                        plan = await account.audience.plan_sync(segment, None, remove_others=True, asked="a call")
                break
            except StillReading as told:
                refused.append(told.total)
            except StillPlanning:
                pass  # the list is there, and the rows are being read
            finally:
                assert anyio.current_time() - began <= LONGEST
        assert set(refused) == {8_000}
        assert plan.numbers["rows"] == (100 if kind == "import" else 8_000)
        assert account.requests < 8_000 / 80 + 8


async def test_a_sync_that_takes_long_is_handed_over_too(studio: Studio) -> None:
    source = People()
    async with studio.opened() as opened:
        with wait_deadline(20), pytest.raises(StillPlanning):
            await opened.audience.plan_sync(FAIR, source, asked="a call")
        while True:
            try:
                with wait_deadline(20):
                    plan = await opened.audience.plan_sync(FAIR, source, asked="a call")
                break
            except StillPlanning as told:
                await anyio.sleep(told.seconds)
    assert (plan.numbers["rows"], plan.numbers["invalid"]) == (source.people, source.people)


async def test_a_call_that_is_cancelled_and_never_comes_back_is_forgotten(studio: Studio) -> None:
    async with studio.opened() as opened:
        planning = opened.audience.planning
        for number in range(5):
            with anyio.move_on_after(1) as given_up:
                await opened.audience.plan_import(People(3), asked=f"call {number}")
            assert given_up.cancelled_caught
        assert len(planning._making) == 5
        await anyio.sleep(661)
        opened.audience.plans._clock = lambda: opened.audience.clock() + 661
        source = People(2)
        assert (await planned(opened, source, "call 0")).numbers["rows"] == 2  # and not the plan of long ago
        assert planning._making == {}


async def test_a_call_that_was_cancelled_and_comes_back_soon_gets_its_plan(studio: Studio) -> None:
    source = People(3)
    async with studio.opened() as opened:
        with anyio.move_on_after(1):
            await opened.audience.plan_import(source, asked="a call")
        await anyio.sleep(300)
        assert (await planned(opened, source)).numbers["rows"] == 3
    assert source.opened == 1
