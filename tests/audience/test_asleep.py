"""A machine that sleeps while a plan is carried out: the job goes on, nothing is doubled, and the quota holds."""

import asyncio
import time
from bisect import bisect_left
from collections import Counter
from pathlib import Path

import anyio
import httpx2
import pytest

from .importing import FAIR, Studio

pytestmark = pytest.mark.anyio

ROWS = 3_000
HOUR = 3600
MINUTE = 60


class Watched(httpx2.AsyncBaseTransport):
    """Leads to Flodesk, and notes when each request left."""

    def __init__(self, flodesk: httpx2.AsyncBaseTransport) -> None:
        self.flodesk = flodesk
        self.requests: list[float] = []
        self.batches: list[float] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(anyio.current_time())
        if request.url.path.endswith("/batch"):
            self.batches.append(anyio.current_time())
        return await self.flodesk.handle_async_request(request)


class Clock:
    """That of the wall, which may jump."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


def sleep_for_an_hour(clock: Clock, *, monotonic: bool) -> None:
    """Let the clock of the wall jump, and the other one where it counts the time asleep."""
    clock.ahead += HOUR
    if monotonic:
        asyncio.get_running_loop()._jumping.now += HOUR  # type: ignore[attr-defined] # the loop of the tests


@pytest.mark.parametrize("monotonic", [False, True], ids=["the wall's clock jumps", "both clocks jump"])
async def test_a_job_goes_on_after_an_hour_of_sleep(tmp_path: Path, monotonic: bool) -> None:
    studio, clock = Studio(tmp_path, grows=True), Clock()
    watched = Watched(studio.sandbox.transport())
    people = [{"email": f"p{place}@example.com"} for place in range(ROWS)]
    async with studio.opened(watched, clock=clock) as opened:
        plan = await opened.plan(people, segments=["Fair"])
        known = (await opened.audience.carry_out(plan.id)).id
        for share in (0.2, 0.5, 0.8):
            while len(studio.account.subscribers) < ROWS * share:  # noqa: ASYNC110 - Flodesk tells nobody
                await anyio.sleep(0.5)
            sleep_for_an_hour(clock, monotonic=monotonic)
        job = await opened.audience.jobs.wait(known, 1e6)
        outcomes = await opened.outcomes(job)
    assert (job.state, job.written, job.problem) == ("done", ROWS, None)
    assert set(outcomes.values()) == {("written", None)}
    assert len(outcomes) == ROWS
    assert studio.members(FAIR) == sorted(person["email"] for person in people)
    batches = [body["subscribers"] for _, path, body in studio.written if path.endswith("/batch")]
    assert set(Counter(row["email"] for batch in batches for row in batch).values()) == {1}
    assert most_within_a_minute(watched.batches) <= 20
    assert most_within_a_minute(watched.requests) <= 100


def most_within_a_minute(times: list[float]) -> int:
    return max(place + 1 - bisect_left(times, now - MINUTE) for place, now in enumerate(times))


@pytest.mark.parametrize("monotonic", [False, True], ids=["the wall's clock jumps", "both clocks jump"])
async def test_of_two_processes_either_goes_on_after_an_hour_of_sleep(tmp_path: Path, monotonic: bool) -> None:
    studio, clock = Studio(tmp_path, grows=True), Clock()
    people = [{"email": f"p{place}@example.com"} for place in range(400)]
    async with studio.opened(clock=clock) as opened, studio.opened(clock=clock) as others:
        plan = await opened.plan(people, segments=["Fair"])
        known = (await opened.audience.carry_out(plan.id)).id
        await others.audience.resume()
        while len(studio.account.subscribers) < 100:  # noqa: ASYNC110 - Flodesk tells nobody
            await anyio.sleep(0.5)
        sleep_for_an_hour(clock, monotonic=monotonic)
        with anyio.fail_after(5_000):
            job = await others.audience.jobs.wait(known, 1e6)
        outcomes = await opened.outcomes(job)
    assert (job.state, job.written) == ("done", 400)
    assert len(outcomes) == 400
    batches = [body["subscribers"] for _, path, body in studio.written if path.endswith("/batch")]
    assert sum(map(len, batches)) <= 450, "more than one batch was repeated"
