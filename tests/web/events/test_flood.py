"""Many events at once: what was answered 200 is stored, whatever happens to the process then."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx2
import pytest

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.store import EventFilter, Store

from .hooks import receiving, unsubscribed
from .processes import Deployed, deployed

pytestmark = pytest.mark.anyio

FLOOD = 2_000
AT_ONCE = 64


async def test_a_flood_is_stored_or_told_to_come_again_and_nothing_that_was_answered_is_lost(
    flodesk: Sandbox, store: Store
) -> None:
    answers: dict[str, int] = {}

    async def post(person: str) -> None:
        answers[person] = await server.post(unsubscribed(person))

    async with receiving(flodesk, store) as server:
        async with anyio.create_task_group() as posts:
            for number in range(FLOOD):
                posts.start_soon(post, f"person-{number}")
        stored = {event.subscriber_id async for events in store.events.each(EventFilter()) for event in events}
        assert Counter(answers.values()).keys() == {200, 429}
        assert stored == {person for person, status in answers.items() if status == 200}
        for person in [person for person, status in answers.items() if status == 429][:100]:
            assert await server.post(unsubscribed(person)) == 200


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Deployed]:
    with deployed(tmp_path) as running:
        yield running


async def test_what_was_answered_before_the_process_was_killed_is_there_after_it(
    process: Deployed, tmp_path: Path
) -> None:
    answered: set[str] = set()

    async def post_on(http: httpx2.AsyncClient, worker: int) -> None:
        for number in range(FLOOD):
            try:
                answer = await http.post(address, json=unsubscribed(f"person-{worker}-{number}"))
            except httpx2.TransportError:
                return  # the server is dead: what it did with this one, nobody was told
            if answer.status_code == 200:
                answered.add(f"person-{worker}-{number}")

    made = await process.command("webhook", "receive", "studio")
    address = _address(process.flodesk, made.split()[1])
    async with httpx2.AsyncClient(base_url=process.served.url, timeout=30) as http, anyio.create_task_group() as flood:
        for worker in range(AT_ONCE):
            flood.start_soon(post_on, http, worker)
        with anyio.fail_after(60):
            while len(answered) < 500:  # noqa: ASYNC110
                await anyio.sleep(0.01)
        process.served.process.kill()
    with sqlite3.connect(tmp_path / "state.sqlite3") as database:
        stored = [row[0] for row in database.execute("SELECT subscriber_id FROM events")]
    assert len(answered) >= 500
    assert answered <= set(stored)
    assert len(stored) == len(set(stored))


def _address(flodesk: httpx2.Client, webhook_id: str) -> str:
    """Return the path of an address as Flodesk knows it."""
    url: str = flodesk.get(f"/webhooks/{webhook_id}").json()["post_url"]
    return httpx2.URL(url).path
