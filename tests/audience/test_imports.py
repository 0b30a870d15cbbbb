"""Imports: planned against the list, and carried out by the batch."""

import pytest

from flodesk_mcp.sandbox import Fault

from .importing import FAIR, VIP, Studio

pytestmark = pytest.mark.anyio


@pytest.fixture
def studio() -> Studio:
    return Studio()


async def test_a_plan_tells_who_is_new_who_changes_and_who_stays_as_they_are(studio: Studio) -> None:
    studio.add("anna@example.com", FAIR, first_name="Anna", city="Ulm")
    studio.add("ben@example.com", first_name="Ben")
    studio.add("carla@example.com", status="unsubscribed")
    studio.add("dora@example.com", status="bounced")
    async with studio.opened() as opened:
        plan = await opened.plan(
            "email,first name,City,Tags\n"
            "anna@example.com,Anna,Ulm,Fair\n"
            "BEN@example.com,Benno,Bonn,\n"
            "carla@example.com,Carla,,\n"
            "dora@example.com,,,\n"
            "eva@example.com,Eva,,VIP\n"
            "nobody,,,\n"
            "eva@example.com,,Kiel,\n"
        )
    numbers = plan.numbers
    assert {
        name: numbers.get(name) for name in ("rows", "will_write", "new", "unchanged", "invalid", "duplicates")
    } == {
        "rows": 7,
        "will_write": 2,
        "new": 1,
        "unchanged": 1,
        "invalid": 1,
        "duplicates": 1,
    }
    assert numbers["stays_unsubscribed"] == 2
    assert numbers["changes"] == {"first_name": 1, "city": 1}
    assert (numbers["requests"], numbers["minutes"]) == (1, 1)
    assert numbers["columns"] == {"email": "email", "first name": "first_name", "City": "city", "Tags": "segments"}
    assert [problem["row"] for problem in numbers["problems"]] == [7]
    assert studio.written == []


async def test_carrying_out_writes_what_the_plan_said_and_nothing_else(studio: Studio) -> None:
    anna = studio.add("anna@example.com", FAIR, first_name="Anna")
    ben = studio.add("Ben@example.com", first_name="Ben", city="Ulm")
    carla = studio.add("carla@example.com", status="unsubscribed", first_name="Carla")
    async with studio.opened() as opened:
        plan = await opened.plan(
            "email,first name,City,Tags,opt-in time\n"
            "anna@example.com,Anna,,Fair,\n"
            "BEN@example.com,Benno,,,\n"
            "carla@example.com,Charlotte,,VIP,\n"
            "eva@example.com,Eva,,VIP,2026-01-02\n"
            "eva@example.com,,Kiel,Fair,\n"
        )
        job = await opened.carried_out(plan)
        outcomes = await opened.outcomes(job)
    assert (job.state, job.rows, job.written, job.skipped, job.left) == ("done", 5, 3, 2, 0)
    assert outcomes == {
        2: ("unchanged", None),
        3: ("written", None),
        4: ("skipped", "is unsubscribed at Flodesk, and stays so"),
        5: ("skipped", "the same person as in row 6, whose values count"),
        6: ("written", None),
    }
    assert (anna.segment_ids, ben.first_name, ben.custom_fields) == ([FAIR], "Benno", {"city": "Ulm"})
    assert (carla.status, carla.first_name, carla.segment_ids) == ("unsubscribed", "Carla", [])
    eva = studio.person("eva@example.com")
    assert (eva.first_name, eva.custom_fields, eva.segment_ids) == ("Eva", {"city": "Kiel"}, [VIP, FAIR])
    assert eva.optin_timestamp == "2026-01-02T00:00:00Z"
    assert len(studio.written) == 1


async def test_missing_fields_and_segments_are_created_once_and_used(studio: Studio) -> None:
    text = "email,Shoe size,Tags\nanna@example.com,40,New tag\nben@example.com,41,\n"
    async with studio.opened() as opened:
        plan = await opened.plan(text, segments=["Wedding fair", "Fair"], create_missing_fields=True)
        assert plan.numbers["fields_to_create"] == ["Shoe size"]
        assert plan.numbers["segments_to_create"] == ["Wedding fair", "New tag"]
        assert plan.numbers["requests"] == 4
        await opened.carried_out(plan)
        again = await opened.plan(text, segments=["Wedding fair", "Fair"], create_missing_fields=True)
    names = {segment.name for segment in studio.account.segments.values()}
    anna = studio.person("anna@example.com")
    assert names == {"Fair", "VIP", "Leads", "Wedding fair", "New tag"}
    assert [studio.account.segments[known].name for known in anna.segment_ids] == ["Fair", "Wedding fair", "New tag"]
    assert anna.custom_fields == {"shoeSize": "40"}
    assert again.numbers["unchanged"] == 2
    assert "will_write" not in again.numbers


async def test_tags_without_a_segment_are_left_out_unless_they_may_be_created(studio: Studio) -> None:
    async with studio.opened() as opened:
        plan = await opened.plan('email,Tags\nanna@example.com,"Nowhere, VIP"\n')
        await opened.carried_out(plan)
    assert any("'Nowhere' (1 row)" in warning for warning in plan.numbers["warnings"])
    assert studio.person("anna@example.com").segment_ids == [VIP]


async def test_rows_that_flodesk_refuses_fail_with_its_words_and_the_others_do_not(studio: Studio) -> None:
    people = [{"email": f"p{number}@example.com"} for number in range(4)]
    async with studio.opened() as opened:
        plan = await opened.plan(people, segments=["VIP"])
        del studio.account.segments[VIP]
        job = await opened.carried_out(plan)
        outcomes = await opened.outcomes(job)
    assert (job.state, job.failed) == ("done", 4)
    assert outcomes[1] == ("failed", f"Segment {VIP} does not exist.")


async def test_double_optin_lets_new_people_confirm(studio: Studio) -> None:
    async with studio.opened() as opened:
        plan = await opened.plan([{"email": "anna@example.com"}], double_optin=True)
        await opened.carried_out(plan)
    assert studio.person("anna@example.com").status == "unconfirmed"
    assert any("confirm" in warning for warning in plan.numbers["warnings"])


async def test_people_without_proof_of_their_opt_in_are_a_warning(studio: Studio) -> None:
    async with studio.opened() as opened:
        without = await opened.plan([{"email": "anna@example.com"}])
        with_proof = await opened.plan([{"email": "anna@example.com", "optin_timestamp": "2026-01-01"}])
    assert any(
        "1 new person comes without the time or IP address" in warning for warning in without.numbers["warnings"]
    )
    assert with_proof.numbers["warnings"] == []


async def test_a_proof_of_the_past_is_kept(studio: Studio) -> None:
    studio.add("anna@example.com").optin_timestamp = "2020-01-01T00:00:00Z"
    async with studio.opened() as opened:
        plan = await opened.plan([{"email": "anna@example.com", "optin_timestamp": "2026-01-01"}])
    assert plan.numbers["unchanged"] == 1


async def test_nobody_is_put_into_more_than_50_segments(studio: Studio) -> None:
    names = [f"Tag {number}" for number in range(49)]
    anna = studio.add("anna@example.com", FAIR)
    async with studio.opened() as opened:
        people = [{"email": "anna@example.com", "tags": [*names, "VIP"]}]
        plan = await opened.plan(people, create_missing_fields=True)
        job = await opened.carried_out(plan)
        outcomes = await opened.outcomes(job)
    assert any("more than 50 segments" in warning for warning in plan.numbers["warnings"])
    assert outcomes[1] == ("written", "1 segment left out: a person can be in 50")
    assert len(anna.segment_ids) == 50


async def test_a_person_is_known_by_id_too(studio: Studio) -> None:
    anna = studio.add("anna@example.com")
    async with studio.opened() as opened:
        plan = await opened.plan([{"id": anna.id, "first_name": "Anna"}, {"id": "f" * 24, "first_name": "Ben"}])
        job = await opened.carried_out(plan)
        outcomes = await opened.outcomes(job)
    assert anna.first_name == "Anna"
    assert outcomes == {1: ("written", None), 2: ("skipped", "nobody on the list has this id")}


async def test_a_repeated_person_far_apart_counts_once_and_the_later_row_wins_field_by_field(studio: Studio) -> None:
    rows = [f"p{number % 1_600}@example.com,{'First' if number < 1_600 else ''},{number}" for number in range(2_400)]
    async with studio.opened() as opened:
        plan = await opened.plan("\n".join(["email,first name,City", *rows]))
        assert (plan.numbers["will_write"], plan.numbers["duplicates"]) == (1_600, 800)
        job = await opened.carried_out(plan)
    assert (job.rows, job.written, job.skipped) == (2_400, 1_600, 800)
    person = studio.person("p7@example.com")
    assert (person.first_name, person.custom_fields) == ("First", {"city": "1607"})


async def test_whoever_refuses_mail_in_one_row_is_left_alone_in_all(studio: Studio) -> None:
    async with studio.opened() as opened:
        plan = await opened.plan("email,Status\nanna@example.com,unsubscribed\nanna@example.com,active\n")
        job = await opened.carried_out(plan)
    assert (plan.numbers["stays_unsubscribed"], job.skipped) == (1, 2)
    assert studio.account.subscribers == {}


async def test_a_batch_that_is_refused_as_a_whole_is_sent_row_by_row(studio: Studio) -> None:
    people = [{"email": f"p{number}@example.com"} for number in range(3)]
    async with studio.opened() as opened:
        plan = await opened.plan(people)
        studio.sandbox.fail(Fault("status", status=400, times=2, path="/subscribers/batch"))
        job = await opened.carried_out(plan)
        outcomes = await opened.outcomes(job)
    assert [outcome for outcome, _ in outcomes.values()] == ["failed", "written", "written"]
