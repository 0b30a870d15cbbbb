"""Calls that cannot wait: a long list is read beside them, and the mirror is kept fresh."""

import anyio
import pytest

from flodesk_mcp.audience.errors import StillReading
from flodesk_mcp.deadline import wait_deadline
from flodesk_mcp.flodesk import NoAnswer, Unauthorized
from flodesk_mcp.sandbox import Fault

from .accounts import mirrored, nothing

pytestmark = pytest.mark.anyio

MINUTES = 60


async def test_a_mirror_younger_than_five_minutes_is_searched_without_a_request() -> None:
    async with mirrored(100) as account:
        await account.audience.search()
        asked = account.requests
        account.clock.now += 4 * MINUTES
        await account.audience.search()
        assert account.requests == asked
        account.clock.now += 2 * MINUTES
        account.flodesk.audience.add(1)
        assert (await account.audience.search()).total == 101


async def test_a_long_list_is_read_beside_the_call_that_needs_it_first() -> None:
    async with mirrored(8_000) as account:
        account.flodesk.transport.seconds = 1.0
        began = anyio.current_time()
        with wait_deadline(20), pytest.raises(StillReading, match=r"of 8,000 people.*call again") as told:
            await account.audience.search()
        assert anyio.current_time() - began <= 25
        assert 1_000 < told.value.done < told.value.total == 8_000
        with pytest.raises(StillReading):
            await account.audience.search()
        while True:
            try:
                found = await account.audience.search()
                break
            except StillReading:
                pass
        assert found.total == 8_000
        assert account.requests < 8_000 / 80 + 3


async def test_an_older_mirror_is_searched_while_a_long_list_is_read_anew() -> None:
    async with mirrored(4_000) as account:
        await account.audience.mirror.refresh()
        account.flodesk.transport.seconds = 1.0
        found = await account.audience.search(refresh=True)
        assert found.total == 4_000
        assert "Being read anew" in found.as_of


async def test_who_searches_while_a_long_list_is_read_anew_does_not_wait_for_it() -> None:
    async with mirrored(4_000) as account:
        await account.audience.mirror.refresh()
        account.flodesk.transport.seconds = 1.0
        await account.audience.search(refresh=True)
        account.clock.now += 6 * MINUTES
        began = anyio.current_time()
        assert "Being read anew" in (await account.audience.search()).as_of
        assert anyio.current_time() - began < 1


async def test_what_may_be_older_is_said() -> None:
    async with mirrored(2_500) as account:
        first = await account.audience.search()
        assert first.as_of == "2026-09-21T14:13:20Z"
        account.clock.now += 60 * MINUTES
        account.flodesk.audience.add(1)
        found = await account.audience.search()
        assert found.as_of == (
            "2026-09-21T15:13:20Z for who is on the list and for own writes; other changes at Flodesk: "
            "2026-09-21T14:13:20Z"
        )


async def test_a_day_after_the_last_whole_reading_another_begins_that_nobody_waits_for() -> None:
    async with mirrored(2_500) as account:
        await account.audience.search()
        account.clock.now += 25 * 60 * MINUTES
        asked = account.requests
        account.flodesk.transport.seconds = 1.0
        began = anyio.current_time()
        await account.audience.search()
        assert anyio.current_time() - began < 5
        assert account.requests - asked < 5
        await anyio.sleep(120)
        assert account.requests - asked > 25
        assert account.clock.now - ((await account.audience.mirror.freshness()).whole_at or 0) < MINUTES


async def test_several_calls_share_one_reading() -> None:
    async with mirrored(420) as account:
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(account.audience.search)
        assert account.requests < 420 / 80 + 3


async def test_a_refused_credential_in_the_middle_reaches_who_waits_and_the_next_call_goes_on() -> None:
    async with mirrored(2_300) as account:
        account.change(*[nothing] * 10, lambda _: account.flodesk.sandbox.fail(Fault("status", status=401)))
        with pytest.raises(Unauthorized):
            await account.audience.search()
        asked = account.requests
        assert (await account.audience.search()).total == 2_300
        assert account.requests - asked < 22


async def test_a_refresh_that_fails_is_said_rather_than_an_old_answer_given() -> None:
    async with mirrored(100) as account:
        await account.audience.search()
        account.clock.now += 10 * MINUTES
        account.flodesk.sandbox.fail(Fault("refuse", times=20))
        with pytest.raises(NoAnswer):
            await account.audience.search()


async def test_a_call_that_is_cancelled_leaves_the_reading_to_others() -> None:
    async with mirrored(2_300) as account:
        account.flodesk.transport.seconds = 0.5
        with anyio.move_on_after(5):
            await account.audience.search()
        with wait_deadline(20):
            assert (await account.audience.search()).total == 2_300
        assert account.requests < 2_300 / 80 + 3


async def test_people_go_first_while_a_long_list_is_read() -> None:
    async with mirrored(4_000, requests_per_minute=60) as account:
        with wait_deadline(1), pytest.raises(StillReading):
            await account.audience.search()
        await anyio.sleep(20)
        began = anyio.current_time()
        await account.flodesk.client.segments.list()
        assert anyio.current_time() - began < 1.5
