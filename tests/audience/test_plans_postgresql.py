"""Plans and what carries them out in PostgreSQL, where several processes share an account."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from databases import new_database
from flodesk_mcp.audience.database_storage import DatabaseStorage
from flodesk_mcp.audience.errors import PlanRefused
from flodesk_mcp.store import Database

from .importing import FAIR, Opened, Studio
from .test_model import START, STEPS, play

pytestmark = pytest.mark.anyio

UNREACHED = (1_000_000, 1_000_000)


@pytest.fixture
def anyio_backend() -> str:
    """The database is behind a socket, which virtual time would overtake."""
    return "asyncio"


@pytest.fixture
def studio() -> Studio:
    studio = Studio(grows=True, per_minute=UNREACHED)
    for name in ("anna", "ben", "carla"):
        studio.add(f"{name}@example.com", FAIR, city="Ulm")
    studio.add("gone@example.com", status="unsubscribed")
    return studio


@asynccontextmanager
async def replica(url: str, studio: Studio) -> AsyncIterator[Opened]:
    """One of the processes that share the database: at the end it is as if that were killed."""
    database = Database(url)
    try:
        async with studio.opened(storage=DatabaseStorage(database, "one")) as opened:
            yield opened
    finally:
        await database.aclose()


async def test_an_import_is_planned_and_carried_out(postgresql_url: str, studio: Studio) -> None:
    async with replica(postgresql_url, studio) as opened:
        plan = await opened.plan(
            "email,first name,City,Tags,opt-in time\n"
            "ANNA@example.com,,Ulm,Fair,\n"
            "ben@example.com,Ben,Bonn,,2026-01-02\n"
            "gone@example.com,Gone,,,\n"
            "eva@example.com,Eva,,VIP,\n"
            "nobody,,,,\n"
            "eva@example.com,,Kiel,,\n"
        )
        job = await opened.carried_out(plan)
        outcomes = await opened.outcomes(job)
        report = await opened.report(job)
    assert {name: plan.numbers[name] for name in ("rows", "will_write", "new", "unchanged", "invalid")} == {
        "rows": 6,
        "will_write": 2,
        "new": 1,
        "unchanged": 1,
        "invalid": 1,
    }
    assert plan.numbers["changes"] == {"first_name": 1, "city": 1, "optin_timestamp": 1}
    assert (job.state, job.written, job.skipped) == ("done", 3, 3)
    assert outcomes[4] == ("skipped", "is unsubscribed at Flodesk, and stays so")
    assert outcomes[5] == ("skipped", "the same person as in row 7, whose values count")
    assert studio.person("eva@example.com").custom_fields == {"city": "Kiel"}
    assert report.count("\r\n") == 7


async def test_a_plan_of_one_process_is_carried_out_by_another_and_once(postgresql_url: str, studio: Studio) -> None:
    async with replica(postgresql_url, studio) as opened, replica(postgresql_url, studio) as others:
        plan = await opened.plan([{"email": "eva@example.com"}], segments=["VIP"])
        job = await others.carried_out(plan)
        assert (job.state, job.written) == ("done", 1)
        with pytest.raises(PlanRefused, match="possible once"):
            await opened.audience.carry_out(plan.id)


async def test_repeated_people_far_apart_count_once(postgresql_url: str, studio: Studio) -> None:
    rows = [f"p{number % 1_600}@example.com,{'First' if number < 1_600 else ''},{number}" for number in range(2_400)]
    async with replica(postgresql_url, studio) as opened:
        plan = await opened.plan("\n".join(["email,first name,City", *rows]))
        job = await opened.carried_out(plan)
    assert (plan.numbers["will_write"], plan.numbers["duplicates"], job.written) == (1_600, 800, 1_600)
    person = studio.person("p7@example.com")
    assert (person.first_name, person.custom_fields) == ("First", {"city": "1607"})


async def test_the_report_of_a_sync_puts_things_back(postgresql_url: str, studio: Studio) -> None:
    before = studio.members(FAIR)
    studio.add("eva@example.com")
    async with replica(postgresql_url, studio) as opened:
        plan = await opened.sync(FAIR, "email\nanna@example.com\neva@example.com\n", remove_others=True)
        assert (plan.numbers["to_add"], plan.numbers["to_remove"]) == (1, 2)
        job = await opened.carried_out(plan)
        assert studio.members(FAIR) == ["anna@example.com", "eva@example.com"]
        await opened.carried_out(await opened.sync(FAIR, await opened.report(job), remove_others=True))
    assert studio.members(FAIR) == before


async def test_a_plan_whose_content_was_changed_is_refused(postgresql_url: str, studio: Studio) -> None:
    async with replica(postgresql_url, studio) as opened:
        plan = await opened.plan([{"email": f"p{number}@example.com"} for number in range(3)])
        stored = opened.audience.plans.rows(plan.id)
        first, *others = await stored.after(-1, 3)
        await stored.append([first._replace(email="somebody@example.com"), *others])
        with pytest.raises(PlanRefused, match="content of this plan was changed"):
            await opened.audience.carry_out(plan.id)
    assert studio.written == []


@given(start=START, steps=STEPS, kills=st.lists(st.one_of(st.none(), st.floats(0, 0.1)), min_size=4, max_size=4))
@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_the_account_is_what_the_model_says(
    postgresql: str, postgresql_tables: str, start: dict[str, Any], steps: list[Any], kills: list[float | None]
) -> None:
    async def scenario() -> None:
        url, studio = await new_database(postgresql, postgresql_tables), Studio(per_minute=UNREACHED)
        await play(studio, partial(replica, url, studio), start, steps, kills)

    anyio.run(scenario)
