"""Whole lists, read from a Flodesk that changes between the pages: who stays comes exactly once."""

import gc
from collections.abc import AsyncGenerator
from contextlib import aclosing
from random import Random

import anyio
import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import VirtualTimeLoop
from flodesk_mcp.flodesk import ApiKey, FlodeskClient, Page, QuotaExhausted, Segment, Subscriber
from flodesk_mcp.flodesk.listing import whole_list
from flodesk_mcp.quota import WindowQuota
from flodesk_mcp.sandbox import SANDBOX_API_KEY, Account, Fault

from .changing import Audience, Change, Flodesk, assert_all_who_stayed_came_once
from .operations import SEGMENT

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("people", [0, 1, 99, 100, 101, 195, 196, 420, 1250])
async def test_everybody_of_a_list_that_stays_the_same_comes_in_its_order(people: int) -> None:
    flodesk = Flodesk(people)
    assert await flodesk.read() == flodesk.audience.ids
    # Each page overlaps the one before, which costs little.
    assert len(flodesk.sandbox.requests) <= people / 80 + 1
    assert all(int(request.query["per_page"]) <= 100 for request in flodesk.sandbox.requests)


@pytest.mark.parametrize("number", [1, 4, 5, 50, 95, 100, 101, 350])
@pytest.mark.parametrize("people", [420, 1250])
async def test_people_added_in_front_double_nobody(number: int, people: int) -> None:
    flodesk = Flodesk(people)
    read = await flodesk.read(*[lambda audience: audience.add(number)] * 3)
    assert_all_who_stayed_came_once(read, flodesk.audience)


@pytest.mark.parametrize("number", [1, 4, 5, 6, 50, 95, 100])
@pytest.mark.parametrize("begin", [0, 40, 90, 95, 99])
async def test_people_removed_in_front_lose_nobody(number: int, begin: int) -> None:
    flodesk = Flodesk()
    remove: Change = lambda audience: audience.remove(*audience.ids[begin : begin + number])  # noqa: E731
    read = await flodesk.read(*[remove] * 3)
    assert_all_who_stayed_came_once(read, flodesk.audience)


async def test_all_who_were_read_may_leave() -> None:
    flodesk = Flodesk()
    read = await flodesk.read(lambda audience: audience.remove(*audience.ids[:100]))
    assert read == sorted(flodesk.audience.first, reverse=True)


@pytest.mark.parametrize("people", [250, 2500])
async def test_everybody_may_be_removed_as_they_are_read(people: int) -> None:
    flodesk = Flodesk(people)
    read = await flodesk.read(each=flodesk.audience.remove)
    assert read == sorted(flodesk.audience.first, reverse=True)
    assert not flodesk.audience.ids


async def test_people_who_enter_in_the_middle_shift_nobody_out() -> None:
    flodesk = Flodesk()

    def swap(audience: Audience) -> None:
        audience.remove(*audience.ids[3:10])
        for place in (150, 160, 170, 180, 190, 200, 205):
            audience.insert(place)

    read = await flodesk.read(swap, swap, swap)
    assert_all_who_stayed_came_once(read, flodesk.audience)


async def test_an_import_larger_than_all_that_is_remembered_doubles_nobody() -> None:
    flodesk = Flodesk(1500)
    nothing: Change = lambda audience: None  # noqa: E731
    read = await flodesk.read(*[nothing] * 12, lambda audience: audience.add(3000))
    assert_all_who_stayed_came_once(read, flodesk.audience)


async def test_the_departure_of_all_that_are_remembered_doubles_and_loses_nobody() -> None:
    flodesk = Flodesk(2500)
    nothing: Change = lambda audience: None  # noqa: E731
    read = await flodesk.read(*[nothing] * 19, lambda audience: audience.remove(*audience.ids[500:1900]))
    assert_all_who_stayed_came_once(read, flodesk.audience)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 700), st.randoms(use_true_random=False))
def test_whatever_comes_and_goes_who_stays_comes_once(people: int, random: Random) -> None:
    def change(audience: Audience) -> None:
        for _ in range(random.randint(0, 3)):
            what, size = random.randint(0, 2), random.choice((1, 3, 20, 150))
            place = random.randrange(len(audience.ids) + 1)
            if what == 0:
                audience.add(size)
            elif what == 1:
                audience.remove(*audience.ids[place : place + size])
            elif place:
                audience.insert(place)

    async def read() -> None:
        flodesk = Flodesk(people)
        assert_all_who_stayed_came_once(await flodesk.read(*[change] * 12), flodesk.audience)

    anyio.run(read, backend_options={"loop_factory": VirtualTimeLoop})


async def test_a_filter_is_kept_from_page_to_page() -> None:
    flodesk = Flodesk(300)
    account = flodesk.sandbox.accounts[SANDBOX_API_KEY]
    for known in flodesk.audience.ids[::2]:
        account.subscribers[known].status = "bounced"
    people = [person async for person in flodesk.client.subscribers.every(status="bounced", segment_id=SEGMENT)]
    assert [person.id for person in people] == flodesk.audience.ids[::2]
    assert {(request.query["status"], request.query["segment_id"]) for request in flodesk.sandbox.requests} == {
        ("bounced", SEGMENT)
    }


async def test_who_stops_early_asks_for_no_more() -> None:
    flodesk = Flodesk()
    async with aclosing(flodesk.client.subscribers.every()) as people:
        async for _ in people:
            break
    assert len(flodesk.sandbox.requests) == 1
    assert [person async for person in people] == []


async def test_a_page_is_only_asked_for_when_it_is_wanted() -> None:
    flodesk = Flodesk()
    people = flodesk.client.subscribers.every()
    assert not flodesk.sandbox.requests
    for _ in range(100):
        await anext(people)
    assert len(flodesk.sandbox.requests) == 1
    await anext(people)
    assert len(flodesk.sandbox.requests) == 2
    await people.aclose()


async def test_a_reader_that_is_cancelled_frees_its_place_in_the_quota() -> None:
    flodesk = Flodesk()
    flodesk.sandbox.fail(Fault("hang", times=1))
    with anyio.move_on_after(5):
        await flodesk.read()
    assert len(await flodesk.read()) == 420


async def test_a_list_longer_than_a_minutes_quota_is_read_to_its_end(http: httpx2.AsyncClient) -> None:
    flodesk = FlodeskClient(ApiKey(SANDBOX_API_KEY), http=http, quota=WindowQuota(2), max_wait_seconds=5)
    assert len([person async for person in flodesk.subscribers.every()]) == 420
    assert anyio.current_time() > 120


async def test_an_error_ends_the_reading() -> None:
    flodesk = Flodesk()
    flodesk.sandbox.fail(Fault("status", status=429, retry_after=600))
    with pytest.raises(QuotaExhausted):
        await flodesk.read()


@pytest.mark.parametrize("kind", ["segments", "workflows", "webhooks", "campaigns"])
async def test_other_lists_are_read_whole_too(kind: str, flodesk: FlodeskClient, account: Account) -> None:
    every: AsyncGenerator[Segment, None] = getattr(flodesk, kind).every()
    assert {row.id async for row in every} == set(getattr(account, kind))


class Rows:
    """A list that gives no page of more rows than it likes, and counts its pages or not."""

    def __init__(self, number: int, most: int = 100, *, counted: bool = True) -> None:
        self._rows = [Subscriber(id=str(index)) for index in range(number)]
        self._most = most
        self._counted = counted
        self.pages = 0

    async def page(self, number: int, size: int) -> Page[Subscriber]:
        """Return copies, so that whoever keeps none has none."""
        self.pages += 1
        assert self.pages < 5_000
        size = min(size, self._most)
        rows = [row.model_copy() for row in self._rows[(number - 1) * size : number * size]]
        meta = {"total_pages": -(-len(self._rows) // size)} if self._counted else {}
        return Page[Subscriber].model_validate({"data": rows, "meta": meta})


@pytest.mark.parametrize("most", [7, 50, 99])
async def test_a_server_that_gives_smaller_pages_than_asked_for_is_read_to_its_end(most: int) -> None:
    rows = Rows(300, most)
    assert [row.id async for row in whole_list(rows.page)] == [str(index) for index in range(300)]


@pytest.mark.parametrize("number", [0, 99, 100, 190, 300])
async def test_a_list_without_a_count_ends_with_a_short_page(number: int) -> None:
    rows = Rows(number, counted=False)
    assert [row.id async for row in whole_list(rows.page)] == [str(index) for index in range(number)]


async def test_memory_does_not_grow_with_the_list() -> None:
    rows = Rows(20_000)
    alive = []
    count = 0
    async for _ in whole_list(rows.page):
        count += 1
        if count % 4_000 == 0:
            alive.append(sum(isinstance(thing, Subscriber) for thing in gc.get_objects()) - 20_000)
    assert count == 20_000
    assert max(alive) <= 220
