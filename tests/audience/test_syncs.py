"""Segments kept in step: who joins, who leaves, and how it is put back."""

import pytest

from flodesk_mcp.audience.conditions import Condition
from flodesk_mcp.audience.errors import PlanRefused
from flodesk_mcp.audience.job_report import report_of

from .importing import FAIR, VIP, Studio

pytestmark = pytest.mark.anyio


@pytest.fixture
def studio() -> Studio:
    studio = Studio()
    for name in ("anna", "ben", "carla"):
        studio.add(f"{name}@example.com", FAIR)
    studio.add("dora@example.com", VIP, city="Bremen")
    studio.add("eva@example.com", city="Bremen")
    studio.add("gone@example.com", status="unsubscribed", city="Bremen")
    return studio


async def test_a_segment_holds_at_least_those_people(studio: Studio) -> None:
    async with studio.opened() as opened:
        plan = await opened.sync(FAIR, "email\nANNA@example.com\neva@example.com\ngone@example.com\nnew@example.com\n")
        job = await opened.carried_out(plan)
        outcomes = await opened.outcomes(job)
    assert {name: plan.numbers.get(name) for name in ("to_add", "to_remove", "unchanged", "stays_unsubscribed")} == {
        "to_add": 1,
        "to_remove": None,
        "unchanged": 1,
        "stays_unsubscribed": 1,
    }
    assert outcomes == {
        2: ("unchanged", None),
        3: ("written", "added to the segment"),
        4: ("skipped", "is unsubscribed at Flodesk, and stays so"),
        5: ("skipped", "is not on the list, and nobody is created unless the row says so in a column `create`"),
    }
    assert studio.members(FAIR) == [f"{name}@example.com" for name in ("anna", "ben", "carla", "eva")]
    assert len(studio.account.subscribers) == 6


async def test_a_segment_holds_exactly_those_people(studio: Studio) -> None:
    async with studio.opened() as opened:
        plan = await opened.sync(FAIR, "email\nanna@example.com\neva@example.com\n", remove_others=True)
        assert (plan.numbers["to_add"], plan.numbers["to_remove"], plan.numbers["requests"]) == (1, 2, 3)
        job = await opened.carried_out(plan)
    assert (job.state, job.rows, job.written) == ("done", 4, 4)
    assert studio.members(FAIR) == ["anna@example.com", "eva@example.com"]
    assert any("More than half of the segment is removed: 2 of 3" in warning for warning in plan.numbers["warnings"])


async def test_everyone_who_matches_is_frozen_into_a_segment(studio: Studio) -> None:
    async with studio.opened() as opened:
        where = await opened.audience.where([Condition("City", "is", "bremen")])
        job = await opened.carried_out(await opened.sync(FAIR, where, remove_others=True))
    assert job.state == "done"
    assert studio.members(FAIR) == ["dora@example.com", "eva@example.com"]


async def test_somebody_is_created_where_the_row_says_so(studio: Studio) -> None:
    text = "email,first name,create\nnew@example.com,Nora,yes\nother@example.com,Otto,no\n"
    async with studio.opened() as opened:
        plan = await opened.sync(FAIR, text)
        await opened.carried_out(plan)
    assert studio.person("new@example.com").first_name == "Nora"
    assert studio.person("new@example.com").segment_ids == [FAIR]
    assert studio.account.find_subscriber("other@example.com") is None
    assert any("1 person is created" in warning for warning in plan.numbers["warnings"])


async def test_the_report_of_a_sync_puts_things_back(studio: Studio) -> None:
    before = studio.members(FAIR)
    async with studio.opened() as opened:
        plan = await opened.sync(
            FAIR, "email\nanna@example.com\neva@example.com\ngone@example.com\n", remove_others=True
        )
        job = await opened.carried_out(plan)
        assert studio.members(FAIR) != before
        back = await opened.sync(FAIR, await opened.report(job), remove_others=True)
        assert (back.numbers["to_add"], back.numbers["to_remove"]) == (2, 1)
        await opened.carried_out(back)
    assert studio.members(FAIR) == before


async def test_a_report_is_a_source_without_being_read_by_anybody(studio: Studio) -> None:
    async with studio.opened() as opened:
        job = await opened.carried_out(await opened.sync(FAIR, "email\neva@example.com\n", remove_others=True))
        back = await opened.sync(FAIR, report_of(opened.audience.jobs, job.id))
        await opened.carried_out(back)
    assert studio.members(FAIR) == ["anna@example.com", "ben@example.com", "carla@example.com"]


async def test_names_of_a_person_are_left_alone_by_a_sync(studio: Studio) -> None:
    async with studio.opened() as opened:
        await opened.carried_out(await opened.sync(FAIR, "email,first name\neva@example.com,Somebody else\n"))
    assert studio.person("eva@example.com").first_name == ""


async def test_a_segment_that_flodesk_fills_itself_is_refused(studio: Studio) -> None:
    studio.account.segments[VIP].segment_type = "dynamic"
    async with studio.opened() as opened:
        with pytest.raises(PlanRefused, match="dynamic"):
            await opened.sync(VIP, "email\nanna@example.com\n")


async def test_somebody_who_left_the_list_meanwhile_is_skipped(studio: Studio) -> None:
    async with studio.opened() as opened:
        plan = await opened.sync(FAIR, "email\nanna@example.com\n", remove_others=True)
        ben = studio.person("ben@example.com")
        del studio.account.subscribers[ben.id]
        job = await opened.carried_out(plan)
        outcomes = await opened.outcomes(job)
    assert sorted(outcomes.values(), key=str) == [
        ("skipped", "is not on the list any more"),
        ("unchanged", None),
        ("written", "removed from the segment"),
    ]


@pytest.mark.parametrize("others", ["", ",eva@example.com\n"], ids=["ids alone", "an address as well"])
async def test_members_whom_the_source_names_by_id_alone_are_kept(studio: Studio, others: str) -> None:
    ids = {name: studio.person(f"{name}@example.com").id for name in ("anna", "carla", "dora")}
    text = "id,email\n" + "".join(f"{known},\n" for known in ids.values()) + others
    async with studio.opened() as opened:
        plan = await opened.sync(FAIR, text, remove_others=True)
        job = await opened.carried_out(plan)
    assert (plan.numbers["to_remove"], plan.numbers["unchanged"]) == (1, 2)
    assert job.state == "done"
    eva = ["eva@example.com"] if others else []
    assert studio.members(FAIR) == ["anna@example.com", "carla@example.com", "dora@example.com", *eva]
