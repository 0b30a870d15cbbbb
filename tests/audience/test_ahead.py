"""What is read ahead is handed out together, and nobody waits for more than may be read."""

from collections.abc import AsyncGenerator

import anyio
import pytest
from anyio.abc import TaskGroup

from flodesk_mcp.audience.ahead import reading_ahead

pytestmark = pytest.mark.anyio

MOST = 8


async def _handed_out(number: int, every_seconds: float) -> tuple[list[list[int]], float]:
    """Read so many items, of which one comes every so many seconds; return them as they were handed out, and when."""

    async def items(_: TaskGroup) -> AsyncGenerator[int, None]:
        for item in range(number):
            await anyio.sleep(every_seconds)
            yield item

    began = anyio.current_time()
    async with reading_ahead(items, MOST, together_seconds=0.05) as handed_out:
        found = [together async for together in handed_out]
    return found, anyio.current_time() - began


async def test_items_that_come_soon_one_after_the_other_are_handed_out_together() -> None:
    found, _ = await _handed_out(12, every_seconds=0.02)
    assert [item for together in found for item in together] == list(range(12))
    assert [len(together) for together in found] == [3, 3, 3, 3]


async def test_an_item_that_comes_late_is_handed_out_alone() -> None:
    found, _ = await _handed_out(3, every_seconds=1)
    assert found == [[0], [1], [2]]


async def test_as_many_as_may_be_read_ahead_are_handed_out_at_once() -> None:
    found, seconds = await _handed_out(100, every_seconds=0)
    assert [item for together in found for item in together] == list(range(100))
    assert max(map(len, found)) <= MOST + 2
    assert seconds < 0.05
