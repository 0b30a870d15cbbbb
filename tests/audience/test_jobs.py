"""The engine of jobs, with a kind of job that counts."""

from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from flodesk_mcp.audience.errors import NoSuchJob
from flodesk_mcp.flodesk import NoAnswer, Unauthorized

from .counting import Counting, open_jobs

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The database works in threads, which virtual time would overtake."""
    return "asyncio"


async def test_a_job_runs_to_its_end_beside_its_caller(tmp_path: Path) -> None:
    async with open_jobs(tmp_path, Counting()) as jobs:
        begun = await jobs.start("counting", {"to": 10})
        ended = await jobs.wait(begun.id, 10)

    assert (begun.state, begun.written) == ("waiting", 0)
    assert (ended.state, ended.rows, ended.written, ended.failed, ended.left) == ("done", 10, 9, 1, 0)
    assert ended.result == {"counted": 10}


async def test_the_next_job_waits_for_the_one_that_runs(tmp_path: Path) -> None:
    gate = anyio.Event()

    async def wait(_: int) -> None:
        await gate.wait()

    counting = Counting(wait)
    async with open_jobs(tmp_path, counting) as jobs:
        first = await jobs.start("counting", {"to": 2})
        second = await jobs.start("counting", {"to": 1})
        await anyio.sleep(0.3)
        states = [(await jobs.get(job.id)).state for job in (first, second)]
        gate.set()
        await jobs.wait(second.id, 10)

    assert states == ["running", "waiting"]
    assert counting.counted == [1, 2, 1]


async def test_a_job_that_was_cut_off_goes_on_after_its_last_commit(tmp_path: Path) -> None:
    async def hang(number: int) -> None:
        if number == 5:
            await anyio.sleep_forever()

    hanging, counting = Counting(hang), Counting()
    async with open_jobs(tmp_path, hanging) as jobs:
        begun = await jobs.start("counting", {"to": 8})
        await hanging.reached(5)
    async with open_jobs(tmp_path, counting) as jobs:
        jobs.resume()
        ended = await jobs.wait(begun.id, 10)

    assert (hanging.counted, counting.counted) == ([1, 2, 3, 4], [5, 6, 7, 8])
    assert (ended.state, ended.written, ended.failed) == ("done", 7, 1)


async def test_of_two_servers_one_runs_a_job_and_the_other_follows_it(tmp_path: Path) -> None:
    async def slowly(_: int) -> None:
        await anyio.sleep(0.02)

    one, other = Counting(slowly), Counting(slowly)
    async with open_jobs(tmp_path, one) as jobs, open_jobs(tmp_path, other) as others:
        begun = await jobs.start("counting", {"to": 30})
        others.resume()
        ended = await others.wait(begun.id, 20)

    assert ended.state == "done"
    assert sorted(one.counted + other.counted) == list(range(1, 31))
    assert not (one.counted and other.counted)


async def test_cancelling_ends_after_the_batch_under_way(tmp_path: Path) -> None:
    gate = anyio.Event()

    async def wait(number: int) -> None:
        if number == 3:
            await gate.wait()

    counting = Counting(wait)
    async with open_jobs(tmp_path, counting) as jobs:
        begun = await jobs.start("counting", {"to": 9})
        await counting.reached(3)
        stopping = await jobs.cancel(begun.id)
        gate.set()
        ended = await jobs.wait(begun.id, 10)

    assert (stopping.state, stopping.stopping) == ("running", True)
    assert (ended.state, ended.written, ended.left) == ("cancelled", 3, 6)
    assert counting.discarded == [begun.id]


async def test_a_job_that_waits_is_cancelled_at_once(tmp_path: Path) -> None:
    gate = anyio.Event()

    async def wait(_: int) -> None:
        await gate.wait()

    async with open_jobs(tmp_path, Counting(wait)) as jobs:
        await jobs.start("counting", {"to": 1})
        second = await jobs.start("counting", {"to": 1})
        assert (await jobs.cancel(second.id)).state == "cancelled"


async def test_passing_trouble_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flodesk_mcp.audience.jobs.LONGEST_PAUSE", 0.2)
    troubles = [NoAnswer("Flodesk did not answer in time.", sent=True, uncertain=False)] * 2
    seen = []

    async def fail(number: int) -> None:
        if number == 3 and troubles:
            raise troubles.pop()

    async with open_jobs(tmp_path, Counting(fail)) as jobs:
        begun = await jobs.start("counting", {"to": 4})
        while not (job := await jobs.get(begun.id)).has_ended:
            seen.append((job.state, job.problem))
            await anyio.sleep(0.02)

    assert ("waiting", "Flodesk did not answer in time.") in seen
    assert (job.state, job.problem, job.written) == ("done", None, 4)


async def test_a_refused_credential_ends_a_job_in_one_sentence_and_run_goes_on(tmp_path: Path) -> None:
    refusals = [Unauthorized(401)]

    async def refuse(number: int) -> None:
        if number == 3 and refusals:
            raise refusals.pop()

    counting = Counting(refuse)
    async with open_jobs(tmp_path, counting) as jobs:
        begun = await jobs.start("counting", {"to": 4})
        failed = await jobs.wait(begun.id, 10)
        assert await jobs.restart() == [begun.id]
        ended = await jobs.wait(begun.id, 10)

    assert failed.state == "failed"
    assert failed.problem is not None
    assert "(401)" in failed.problem
    assert "jobs run" in failed.problem
    assert (ended.state, ended.problem, counting.counted) == ("done", None, [1, 2, 3, 4])


@pytest.fixture
def full_disk() -> Iterator[Callable[[bool], None]]:
    """Let no file grow any more, or let them grow again: what a full disk does, by a limit of this process."""
    resource = pytest.importorskip("resource")  # not on Windows
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(is_full: bool) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0 if is_full else before[0], before[1]))

    yield fill
    fill(False)


async def test_a_failure_that_cannot_be_recorded_is_told_and_run_goes_on(
    tmp_path: Path, full_disk: Callable[[bool], None]
) -> None:
    async def fill(number: int) -> None:
        full_disk(number == 3)

    filling = Counting(fill)
    async with open_jobs(tmp_path, filling) as jobs:
        begun = await jobs.start("counting", {"to": 5})
        failed = await jobs.wait(begun.id, 10)
        (listed,) = await jobs.latest()
        full_disk(False)
        assert filling.counted == [1, 2, 3]
        filling.before = None
        assert await jobs.restart() == [begun.id]
        ended = await jobs.wait(begun.id, 10)

    assert failed.state == listed.state == "failed"
    assert failed.problem is not None
    assert "jobs.sqlite3 cannot be used: its disk cannot be read or written." in failed.problem
    assert "jobs run" in failed.problem
    assert (ended.state, ended.problem, ended.written) == ("done", None, 5)
    assert filling.counted == [1, 2, 3, 3, 4, 5]


async def test_another_process_can_finish_what_failed_unrecorded(
    tmp_path: Path, full_disk: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flodesk_mcp.audience.job_store.LEASE_SECONDS", 1.0)

    async def fill(number: int) -> None:
        full_disk(number == 3)

    async with open_jobs(tmp_path, Counting(fill)) as jobs, open_jobs(tmp_path, Counting()) as others:
        begun = await jobs.start("counting", {"to": 5})
        failed = await jobs.wait(begun.id, 10)
        full_disk(False)
        await others.restart()
        ended = [await known.wait(begun.id, 10) for known in (others, jobs)]
        seen = await jobs.get(begun.id)

    assert failed.state == "failed"
    assert [(job.state, job.written) for job in (ended[0], seen)] == [("done", 5)] * 2


async def test_a_defect_ends_a_job_and_not_the_next(tmp_path: Path) -> None:
    async def fail(number: int) -> None:
        if number == 2:
            raise ZeroDivisionError("secret")

    async with open_jobs(tmp_path, Counting(fail)) as jobs:
        first = await jobs.start("counting", {"to": 2})
        second = await jobs.start("counting", {"to": 1})
        await jobs.wait(second.id, 10)
        ended = [await jobs.get(job.id) for job in (first, second)]

    assert [job.state for job in ended] == ["failed", "done"]
    assert "secret" not in str(ended[0].problem)


async def test_another_accounts_job_is_no_such_job(tmp_path: Path) -> None:
    async with open_jobs(tmp_path, Counting()) as jobs, open_jobs(tmp_path, Counting(), account="another") as others:
        begun = await jobs.start("counting", {"to": 1})
        await jobs.wait(begun.id, 10)
        for ask in (others.get, others.cancel):
            with pytest.raises(NoSuchJob):
                await ask(begun.id)
        assert await others.latest() == []


async def test_an_ended_job_is_forgotten_after_a_month(tmp_path: Path) -> None:
    day = [0.0]
    async with open_jobs(tmp_path, Counting(), now=lambda: 1e9 + day[0] * 86_400) as jobs:
        old = await jobs.start("counting", {"to": 1})
        await jobs.wait(old.id, 10)
        day[0] = 29
        await jobs.wait((await jobs.start("counting", {"to": 1})).id, 10)
        assert (await jobs.get(old.id)).state == "done"
        day[0] = 31
        await jobs.start("counting", {"to": 1})
        with pytest.raises(NoSuchJob):
            await jobs.get(old.id)
