"""Trouble while a plan is carried out: the job waits, or fails with a sentence, and goes on when it starts again."""

from pathlib import Path

import anyio
import pytest

from flodesk_mcp.audience.errors import PlanRefused
from flodesk_mcp.sandbox import SANDBOX_API_KEY, Fault

from .importing import FAIR, Opened, Studio

pytestmark = pytest.mark.anyio

ROWS = 400


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def people(number: int = ROWS) -> list[dict[str, str]]:
    return [{"email": f"p{place}@example.com"} for place in range(number)]


async def some_written(opened: Opened, studio: Studio) -> str:
    """Begin an import, and return the id of its job when some people are there."""
    plan = await opened.plan(people(), segments=["Fair"])
    job = await opened.audience.carry_out(plan.id)
    while len(studio.account.subscribers) < ROWS // 4:  # noqa: ASYNC110 - Flodesk tells nobody
        await anyio.sleep(0.5)
    return job.id


async def test_ten_minutes_of_500s_are_waited_for(studio: Studio) -> None:
    async with studio.opened() as opened:
        known = await some_written(opened, studio)
        began = anyio.current_time()
        studio.sandbox.fail(Fault("status", status=500, times=10_000))
        told = set()
        for _ in range(60):
            await anyio.sleep(10)
            job = await opened.audience.jobs.get(known)
            told.add((job.state, job.problem))
        assert {state for state, _ in told} <= {"waiting", "running"}
        assert any(state == "waiting" and problem for state, problem in told)
        studio.sandbox._faults.clear()
        job = await opened.audience.jobs.wait(known, 1e6)
        assert anyio.current_time() - began < 900
    assert (job.state, job.written, job.problem) == ("done", ROWS, None)


async def test_quota_that_others_spend_is_waited_for(studio: Studio) -> None:
    async with studio.opened() as opened:
        known = await some_written(opened, studio)
        for _ in range(5):
            studio.sandbox.spend(SANDBOX_API_KEY, 100)
            await anyio.sleep(30)
        job = await opened.audience.jobs.wait(known, 1e6)
    assert (job.state, job.written) == ("done", ROWS)


async def test_a_refused_credential_ends_it_with_a_sentence_and_it_goes_on_later(studio: Studio) -> None:
    async with studio.opened() as opened:
        known = await some_written(opened, studio)
        account = studio.sandbox.accounts.pop(SANDBOX_API_KEY)
        job = await opened.audience.jobs.wait(known, 1e6)
        assert job.state == "failed"
        assert "401" in str(job.problem)
        studio.sandbox.accounts[SANDBOX_API_KEY] = account
    async with studio.opened() as opened:
        await opened.audience.jobs.restart()
        job = await opened.audience.jobs.wait(known, 1e6)
        outcomes = await opened.outcomes(job)
    assert (job.state, job.written, len(outcomes)) == ("done", ROWS, ROWS)
    assert studio.members(FAIR) == sorted(person["email"] for person in people())


async def test_without_its_mirror_it_goes_on(studio: Studio) -> None:
    async with studio.opened() as opened:
        known = await some_written(opened, studio)
        await opened.audience.mirror.forget()
        job = await opened.audience.jobs.wait(known, 1e6)
    assert (job.state, job.written) == ("done", ROWS)


async def test_whoever_began_it_may_leave(studio: Studio) -> None:
    async with studio.opened() as opened:
        known = await some_written(opened, studio)
        before = len(studio.account.subscribers)
    assert before < ROWS
    async with studio.opened() as opened:
        await opened.audience.resume()
        job = await opened.audience.jobs.wait(known, 1e6)
    assert (job.state, job.written) == ("done", ROWS)
    batches = [body["subscribers"] for _, path, body in studio.written if path.endswith("/batch")]
    assert sum(map(len, batches)) <= ROWS + 50, "more than one batch was repeated"


async def test_cancelling_ends_after_the_batch_under_way_and_forgets_the_plan(studio: Studio) -> None:
    async with studio.opened() as opened:
        known = await some_written(opened, studio)
        await opened.audience.jobs.cancel(known)
        job = await opened.audience.jobs.wait(known, 1e6)
        outcomes = await opened.outcomes(job)
        assert await opened.audience.plans.rows(job.arguments["plan"]).after(-1, 10) == []
    assert job.state == "cancelled"
    assert job.written == len(outcomes) == len(studio.account.subscribers) < ROWS


async def test_a_plan_expires_after_half_an_hour(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    async with studio.opened() as opened:
        plan = await opened.plan(people(2))
        now = opened.audience.clock()
        monkeypatch.setattr(opened.audience.plans, "_clock", lambda: now + 1_801)
        with pytest.raises(PlanRefused, match="older than 30 minutes"):
            await opened.audience.carry_out(plan.id)
        await opened.plan(people(1))
        with pytest.raises(PlanRefused, match="There is no such plan"):
            await opened.audience.carry_out(plan.id)
    assert studio.written == []


async def test_a_plan_whose_content_was_changed_is_refused(studio: Studio) -> None:
    async with studio.opened() as opened:
        plan = await opened.plan(people(3))
        stored = opened.audience.plans.rows(plan.id)
        first, *others = await stored.after(-1, 3)
        other = first._replace(content=["somebody@example.com", *(first.content or ())[1:]])
        await stored.append([other, *others])
        with pytest.raises(PlanRefused, match="content of this plan was changed"):
            await opened.audience.carry_out(plan.id)
    assert studio.written == []


async def test_another_account_does_not_have_the_plan(studio: Studio) -> None:
    other = Studio()
    async with studio.opened() as opened, other.opened() as others:
        plan = await opened.plan(people(1))
        with pytest.raises(PlanRefused, match="no such plan"):
            await others.audience.carry_out(plan.id)


async def test_ten_thousand_people_take_little_more_than_ten_minutes() -> None:
    studio = Studio(grows=True)
    async with studio.opened() as opened:
        plan = await opened.plan(people(10_000))
        began = anyio.current_time()
        job = await opened.carried_out(plan)
        seconds = anyio.current_time() - began
    assert (job.state, job.written, plan.numbers["minutes"]) == ("done", 10_000, 10)
    assert 10_000 / (seconds / 60) >= 970
