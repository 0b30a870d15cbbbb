"""The mirror is read from a Flodesk that changes between the pages: afterwards it equals the account."""

import gc
from pathlib import Path
from random import Random

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import VirtualTimeLoop
from flodesk_mcp.flodesk import FlodeskError, Unauthorized
from flodesk_mcp.sandbox import Fault

from .accounts import Mirrored, Others, mirrored, nothing

pytestmark = pytest.mark.anyio


def _leave(account: Mirrored, *places: int, status: str = "unsubscribed") -> None:
    people = list(reversed(account.account.subscribers.values()))
    for place in places:
        people[place].status = status  # type: ignore[assignment] # one of those that there are


@pytest.mark.parametrize("people", [0, 1, 100, 420, 2_300])
async def test_everybody_is_in_the_mirror(people: int) -> None:
    async with mirrored(people) as account:
        await account.audience.mirror.refresh()
        assert await account.people() == account.truth()
        assert account.requests <= people / 80 + 3


async def test_an_account_without_people_has_been_read_too() -> None:
    async with mirrored(0) as account:
        assert (await account.audience.search()).total == 0
        asked = account.requests
        assert (await account.audience.search()).people == []
        assert account.requests == asked


async def test_everything_that_flodesk_tells_of_a_person_is_kept() -> None:
    async with mirrored(1) as account:
        (person,) = account.account.subscribers.values()
        person.first_name, person.source, person.optin_ip = "Zoë", "checkout", "192.0.2.1"
        person.custom_fields = {"birthday": "1990-01-01"}
        await account.audience.mirror.refresh()
        (found,) = (await account.audience.search()).people
        assert found == await account.flodesk.client.subscribers.get(person.id)


@pytest.mark.parametrize("people", [420, 2_300])
async def test_who_comes_goes_or_changes_while_it_is_read_is_right_afterwards(people: int) -> None:
    async with mirrored(people) as account:

        def change(others: Others) -> None:
            others.remove(*others.ids[3:9], *others.ids[-5:-3])
            others.add(7)
            _leave(account, 2, 30, 150, -1)

        account.change(nothing, change, change, nothing, change)
        await account.audience.mirror.refresh()
        assert await account.people() == account.truth()


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2_600), st.randoms(use_true_random=False))
def test_whatever_changes_while_it_is_read_is_right_afterwards(people: int, random: Random) -> None:
    async def read() -> None:
        async with mirrored(people) as account:

            def change(others: Others) -> None:
                for _ in range(random.randint(0, 3)):
                    what, size = random.randint(0, 2), random.choice((1, 3, 20))
                    place = random.randrange(len(others.ids) + 1)
                    if what == 0:
                        others.add(size)
                    elif what == 1:
                        others.remove(*others.ids[place : place + size])
                    elif place:
                        _leave(account, place - 1, status=random.choice(("unsubscribed", "bounced")))

            account.change(*[change] * random.randint(0, people // 100))  # none after the last page
            await account.audience.mirror.refresh()
            assert await account.people() == account.truth()

    anyio.run(read, backend_options={"loop_factory": VirtualTimeLoop})


async def test_the_next_page_is_asked_for_before_the_last_has_come() -> None:
    async with mirrored(2_300) as account:
        account.flodesk.transport.seconds = 1
        began = anyio.current_time()
        await account.audience.mirror.refresh()
        assert anyio.current_time() - began <= 0.7 * account.requests
        assert account.requests <= 2_300 / 80 + 3
        assert await account.people() == account.truth()


async def test_garbage_is_searched_for_more_seldom_only_while_the_list_is_read() -> None:
    usual, before = gc.get_threshold(), (700, 10, 10)
    gc.set_threshold(*before)
    meanwhile = set()
    try:
        async with mirrored(300) as account:
            await account.audience.mirror.refresh(progress=lambda *_: meanwhile.add(gc.get_threshold()))
        assert gc.get_threshold() == before
        assert meanwhile == {(20_000, 10, 10)}
    finally:
        gc.set_threshold(*usual)


@pytest.mark.parametrize("page", [2, 11, 23])
async def test_a_reading_that_was_killed_goes_on_where_it_stopped(page: int, tmp_path: Path) -> None:
    async with mirrored(2_300, tmp_path) as account:
        refuse = Fault("status", status=401)
        account.change(*[nothing] * (page - 2), lambda _: account.flodesk.sandbox.fail(refuse))
        with pytest.raises(Unauthorized):
            await account.audience.mirror.refresh()
        asked = account.requests
        await account.audience.aclose()
        account.audience = account.opened()
        status = await account.audience.mirror.status()
        assert status.checked_at is None
        assert status.people >= (page - 1) * 80
        await account.audience.mirror.refresh()
        assert account.requests - asked <= 30 - page + 3
        assert await account.people() == account.truth()


@pytest.mark.parametrize("number", [3, 96, 700])
@pytest.mark.parametrize("removed", [False, True])
async def test_people_who_come_or_go_while_nobody_reads_are_right_after_it_goes_on(
    number: int, *, removed: bool, tmp_path: Path
) -> None:
    async with mirrored(2_300, tmp_path) as account:
        account.change(*[nothing] * 10, lambda _: account.flodesk.sandbox.fail(Fault("status", status=401)))
        with pytest.raises(FlodeskError):
            await account.audience.mirror.refresh()
        others = account.flodesk.audience
        if removed:
            others.remove(*others.ids[:number])
        else:
            others.add(number)
        await account.audience.mirror.refresh()
        assert await account.people() == account.truth()


async def test_a_refresh_with_one_in_a_hundred_new_costs_at_most_two_in_a_hundred_of_the_requests() -> None:
    async with mirrored(10_000) as account:
        await account.audience.mirror.refresh()
        whole = account.requests
        account.flodesk.audience.add(100)
        await account.audience.mirror.refresh()
        assert account.requests - whole <= whole * 0.02
        assert await account.people() == account.truth()


@pytest.mark.parametrize("places", [[0], [2_500], [-1], [17, 1_800, 4_000], list(range(1_000, 1_030))])
async def test_who_was_removed_is_found_without_reading_everybody(places: list[int]) -> None:
    async with mirrored(5_000) as account:
        await account.audience.mirror.refresh()
        whole = account.requests
        others = account.flodesk.audience
        others.remove(*[others.ids[place] for place in places])
        others.add(3)
        await account.audience.mirror.refresh()
        assert account.requests - whole < whole * 0.7
        assert await account.people() == account.truth()


async def test_when_too_many_were_removed_everybody_is_read_again() -> None:
    async with mirrored(5_000) as account:
        await account.audience.mirror.refresh()
        others = account.flodesk.audience
        others.remove(*others.ids[::3])
        await account.audience.mirror.refresh()
        assert await account.people() == account.truth()


async def test_each_reading_is_remembered_by_its_numbers() -> None:
    async with mirrored(420) as account:
        await account.audience.mirror.refresh()
        others = account.flodesk.audience
        gone, *_ = others.ids
        others.remove(gone)
        others.add(5)
        _leave(account, 10, 20, 30)
        await account.audience.mirror.refresh()
        first, second = await account.readings()
        assert (first["total"], first["by_status"], first["joined"], first["left"]) == (
            420,
            {"active": 420},
            None,
            None,
        )
        assert (second["total"], second["joined"], second["left"]) == (424, 5, 4)
        assert second["by_status"] == {"active": 421, "unsubscribed": 3}
        (size,) = second["segment_sizes"].values()
        assert size == 424
