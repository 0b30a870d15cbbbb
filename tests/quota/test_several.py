"""A quota of ten seconds and one of a day, each of which counts every request."""

from pathlib import Path

import anyio
import pytest

from flodesk_mcp.deadline import WaitDeadline
from flodesk_mcp.quota import QuotaSpent, WindowQuota
from flodesk_mcp.quota.file import FileQuota
from flodesk_mcp.quota.several import SeveralQuotas
from flodesk_mcp.quota.window import Window

pytestmark = pytest.mark.anyio


def quota(burst: int, day: int) -> SeveralQuotas:
    return SeveralQuotas(WindowQuota(burst, burst, minute=10), WindowQuota(day, day, minute=1000), wide_above=50)


async def leaves(several: SeveralQuotas, seconds: float = 5000) -> float:
    async with several.slot(WaitDeadline(anyio.current_time() + seconds)) as slot:
        return slot.left_at


async def test_a_request_waits_for_whichever_is_spent() -> None:
    several = quota(2, 5)
    assert [await leaves(several) for _ in range(6)] == [0, 0, 10.5, 10.5, 21, 1000.5]


async def test_one_that_may_not_wait_for_the_wide_one_takes_nothing_of_the_narrow_one() -> None:
    several = quota(2, 1)
    await leaves(several)
    with pytest.raises(QuotaSpent) as spent:
        await leaves(several, seconds=20)
    assert spent.value.seconds == 1000.5
    assert several.free() == 0
    assert several.seconds_until_free() == 1000.5


async def test_a_request_that_never_left_counts_in_neither() -> None:
    several = quota(1, 1)
    async with several.slot(WaitDeadline(1)) as slot:
        slot.sent = False
    assert several.free() == 1


async def test_an_answer_tells_of_the_one_whose_size_it_names() -> None:
    several = quota(40, 100)
    async with several.slot(WaitDeadline(1)) as slot:
        slot.counted = True
        several.observe(100, 3, slot)
    assert several.free() == 3
    several.observe(40, 1, slot)
    assert several.free() == 1


async def test_to_close_holds_everybody_back() -> None:
    several = quota(4, 9)
    several.close_for(7)
    assert await leaves(several) == 7


async def test_a_job_leaves_both_to_people() -> None:
    several = quota(10, 100)
    job = WaitDeadline(5000, background=True)
    for _ in range(30):
        async with several.slot(job):
            pass
    began = anyio.current_time()
    assert await leaves(several) - began <= 1.5


async def test_processes_of_a_user_share_both(tmp_path: Path) -> None:
    def opened() -> SeveralQuotas:
        burst = FileQuota(tmp_path, lambda key: "burst", 2, 2, minute=10)
        day = FileQuota(tmp_path, lambda key: "day", 5, 5, minute=1000)
        return SeveralQuotas(burst, day, wide_above=50)

    processes = [opened(), opened()]
    times = [await leaves(processes[number % 2]) for number in range(6)]
    assert all(10 < times[number + 2] - times[number] < 11 for number in range(3))
    assert times[5] > 1000


async def test_a_day_of_requests_takes_little_memory() -> None:
    window = Window(200_000, minute=86_400)
    for _ in range(5_000):
        async with window.slot(WaitDeadline(1e9)):
            await anyio.sleep(0.5)
    assert window.free() == 195_000
    assert len(window._ledger.ended) <= 64 + 256
