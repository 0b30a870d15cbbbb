"""Killed at any moment, an import goes on: no row is lost, none has two outcomes, and the quota holds."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from flodesk_mcp.sandbox import SANDBOX_API_KEY, Account, Sandbox

MOMENTS = 10
ROUNDS = 5
ROWS = 200
MINUTE = 1.0
"""Of the quota: it allows in a second what it otherwise allows in sixty."""

LONGEST = 0.9
ASLEEP = 2.5
"""Seconds, and so more than two minutes of the quota."""

HIGHLEVEL = "/highlevel"


class Watched:
    """A Flodesk that notes when each request arrived."""

    def __init__(self) -> None:
        self.account = Account()
        self.sandbox = Sandbox({SANDBOX_API_KEY: self.account}, requests_per_minute=10**6, batches_per_minute=10**6)
        self.requests: list[float] = []
        self.batches: list[float] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application."""
        if scope["path"].startswith(HIGHLEVEL):
            await self.sandbox.everything(scope, receive, send)
            return
        now = time.monotonic()
        self.requests.append(now)
        if scope["path"].endswith("/batch"):
            self.batches.append(now)
        await self.sandbox.app(scope, receive, send)

    def sent(self) -> list[tuple[str, ...]]:
        """Return whom each batch held, in the order of arrival."""
        bodies = [seen.body for seen in self.sandbox.requests if seen.path.endswith("/batch")]
        return [tuple(row["email"] for row in body["subscribers"]) for body in bodies]


@pytest.fixture(scope="module")
def flodesk() -> Iterator[tuple[Watched, str]]:
    watched = Watched()
    server = uvicorn.Server(uvicorn.Config(watched, port=0, log_config=None, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()
    yield watched, f"http://{host}:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def nursery() -> Iterator["subprocess.Popen[str]"]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FLODESK_")}
    with subprocess.Popen(
        [sys.executable, Path(__file__).with_name("nursery.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=environment,
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()


def _worked(
    nursery: "subprocess.Popen[str]",
    order: dict[str, Any],
    *,
    killed_after: float | None = None,
    asleep_after: float | None = None,
) -> int:
    """Let a process work, and return how it ended."""
    assert nursery.stdin
    assert nursery.stdout
    nursery.stdin.write(json.dumps(order) + "\n")
    nursery.stdin.flush()
    child = int(nursery.stdout.readline())
    if killed_after is not None:
        time.sleep(killed_after)
        with suppress(ProcessLookupError):  # it came to its end
            os.kill(child, signal.SIGKILL)
    if asleep_after is not None:
        time.sleep(asleep_after)
        os.kill(child, signal.SIGSTOP)
        time.sleep(ASLEEP)
        os.kill(child, signal.SIGCONT)
    return int(nursery.stdout.readline())


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_killed_at_any_of_50_moments_an_import_goes_on(
    seed: int, flodesk: tuple[Watched, str], nursery: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    watched, address = flodesk
    chance, ended_before = random.Random(seed), 0
    for moment in range(MOMENTS):
        watched.account.subscribers.clear()
        watched.sandbox.requests.clear()
        people = [f"p{moment}-{number}@example.com" for number in range(ROWS)]
        order = {
            "address": address,
            "folder": str(tmp_path / str(moment)),
            "quota": str(tmp_path / "quota"),
            "minute": MINUTE,
            "csv": "\n".join(["email", *people]),
        }
        status = _worked(nursery, order, killed_after=chance.uniform(0, LONGEST))
        ended_before += status == 0
        assert _worked(nursery, order) == 0

        _check_that_each_was_written(watched, people, tmp_path / str(moment), first_row=2)
    assert ended_before < MOMENTS, "nobody was killed"
    assert _most_within_a_minute(watched.batches) <= 20
    assert _most_within_a_minute(watched.requests) <= 100


def test_killed_at_any_moment_an_import_from_another_provider_goes_on(
    flodesk: tuple[Watched, str], nursery: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    watched, address = flodesk
    there, chance, ended_before = watched.sandbox.highlevel.account, random.Random(99), 0
    somebody = next(iter(there.contacts.values()))
    for moment in range(MOMENTS):
        watched.account.subscribers.clear()
        watched.sandbox.requests.clear()
        people = [f"h{moment}-{number}@example.com" for number in range(ROWS)]
        there.contacts.clear()
        there.contacts.update({email: somebody | {"id": email, "email": email} for email in people})
        order = {
            "address": address,
            "folder": str(tmp_path / str(moment)),
            "quota": str(tmp_path / "quota"),
            "minute": MINUTE,
            "csv": "",
            "highlevel": address + HIGHLEVEL,
        }
        ended_before += _worked(nursery, order, killed_after=chance.uniform(0, LONGEST)) == 0
        assert _worked(nursery, order) == 0
        _check_that_each_was_written(watched, people, tmp_path / str(moment), first_row=1)
    assert ended_before < MOMENTS, "nobody was killed"


def test_stopped_for_minutes_at_any_moment_an_import_goes_on_and_repeats_nothing(
    flodesk: tuple[Watched, str], nursery: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    watched, address = flodesk
    watched.requests.clear()
    watched.batches.clear()
    for moment, asleep_after in enumerate((0.2, 0.4, 0.6)):
        watched.account.subscribers.clear()
        watched.sandbox.requests.clear()
        people = [f"s{moment}-{number}@example.com" for number in range(5 * ROWS)]
        order = {
            "address": address,
            "folder": str(tmp_path / str(moment)),
            "quota": str(tmp_path / "quota"),
            "minute": MINUTE,
            "csv": "\n".join(["email", *people]),
        }
        assert _worked(nursery, order, asleep_after=asleep_after) == 0
        assert [person.email for person in watched.account.subscribers.values()] == people
        assert max(Counter(watched.sent()).values()) == 1
    assert _most_within_a_minute(watched.batches) <= 20
    assert _most_within_a_minute(watched.requests) <= 100


def _check_that_each_was_written(watched: Watched, people: list[str], folder: Path, *, first_row: int) -> None:
    assert [person.email for person in watched.account.subscribers.values()] == people
    times = Counter(watched.sent())
    assert set(times.values()) <= {1, 2}
    assert sum(number - 1 for number in times.values()) <= 1, "more than one batch was repeated"
    assert {email for batch in times for email in batch} == set(people)
    with sqlite3.connect(folder / "audience" / "studio" / "jobs.sqlite3") as database:
        outcomes = database.execute("SELECT row, outcome FROM job_rows ORDER BY row").fetchall()
        jobs = database.execute("SELECT state, rows, written FROM jobs").fetchall()
    database.close()
    assert outcomes == [(row, "written") for row in range(first_row, first_row + ROWS)]
    assert jobs == [("done", ROWS, ROWS)]


def _most_within_a_minute(times: list[float]) -> int:
    return max(place + 1 - bisect_left(times, now - MINUTE) for place, now in enumerate(times))
