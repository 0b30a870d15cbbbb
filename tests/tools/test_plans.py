"""Plan, look, carry out: what an agent sees of an import and of a segment that is kept in step."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from flodesk_mcp.audience.draft import Draft
from flodesk_mcp.sandbox import Sandbox

from .agent import JASPER, Agent, connected
from .person import Person

pytestmark = pytest.mark.anyio

WORKSHOPS = "Workshop leads"
LIST = "Email,First name,Tags\nnew@example.com,Nora,VIP clients\n" + JASPER.email + ",Jasper,\nnobody,,\n"


@pytest.fixture
async def agent(era: str, sandbox: Sandbox) -> AsyncIterator[Agent]:
    async with connected(era, sandbox, toolsets="audience,segments") as agent:
        yield agent


@pytest.fixture
def segment(sandbox: Sandbox) -> str:
    """The name of the smallest segment with people in it."""
    account = next(iter(sandbox.accounts.values()))
    sizes = Counter(known for person in account.subscribers.values() for known in person.segment_ids)
    return account.segments[min(sizes, key=lambda known: (sizes[known], known))].name


def members(agent: Agent, segment: str) -> set[str]:
    """Return the addresses of those who are in the segment of that name."""
    known = next(known.id for known in agent.account.segments.values() if known.name == segment)
    return {person.email for person in agent.account.subscribers.values() if known in person.segment_ids}


async def carried_out(agent: Agent, plan: dict[str, Any]) -> dict[str, Any]:
    """Carry out a plan to its end, and return the job."""
    job = await agent.call("start_flodesk_job", plan_id=plan["plan_id"])
    while job["state"] != "done":
        job = await agent.call("get_flodesk_job", job_id=job["job_id"], wait_seconds=25)
    return job


async def test_a_list_is_planned_shown_and_carried_out(agent: Agent) -> None:
    plan = await agent.call("plan_flodesk_import", csv=LIST, segment_ids=["Fair 2026"])
    assert agent.written == []
    assert (plan["rows"], plan["will_write"], plan["new"], plan["invalid"]) == (3, 2, 1, 1)
    assert plan["segments_to_create"] == ["Fair 2026"]
    assert plan["columns"]["Email"] == "email"
    assert plan["problems"][0]["row"] == 4
    job = await agent.call("start_flodesk_job", plan_id=plan["plan_id"])
    assert (job["kind"], job["state"], job["written"], job["skipped"]) == ("import", "done", 2, 1)
    report = await agent.client.read_resource(job["report"])
    lines = report.contents[0].text.splitlines()  # type: ignore[union-attr]
    assert lines[0] == "\ufeffrow,email,outcome,reason"
    assert lines[1] == "2,new@example.com,written,"
    assert lines[3].startswith("4,,skipped,")


@pytest.mark.parametrize("kind", ["import", "segment_sync"])
async def test_a_plan_that_takes_long_is_handed_over_to_the_same_call(
    agent: Agent, segment: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, begun = Draft.put, []

    async def slowly(draft: Draft, *given: Any) -> None:
        begun.append(draft.id)
        await anyio.sleep(30)
        await put(draft, *given)

    monkeypatch.setattr(Draft, "put", slowly)
    arguments = {"csv": LIST} if kind == "import" else {"csv": LIST, "segment_id": segment}
    told = []
    while True:
        began = anyio.current_time()
        answer = await agent.answer(f"plan_flodesk_{kind}", **arguments)
        assert anyio.current_time() - began <= 25
        if not answer.is_error:
            break
        told.append(answer.content[0].text)  # type: ignore[union-attr]
    plan = answer.structured_content
    assert "The plan is being made: " in told[0]
    assert "It goes on by itself: make the same call again" in told[0]
    assert (plan["rows"], begun) == (3, [plan["plan_id"]])
    assert (await carried_out(agent, plan))["state"] == "done"


async def test_a_plan_is_carried_out_once(agent: Agent) -> None:
    plan = await agent.call("plan_flodesk_import", people=[{"email": "new@example.com"}])
    job = await agent.call("start_flodesk_job", plan_id=plan["plan_id"])
    text = await agent.refused("start_flodesk_job", plan_id=plan["plan_id"])
    assert text == (
        "Carry out a plan failed: This plan was carried out, which is possible once. "
        f"get_flodesk_job shows job {job['job_id']}."
    )
    assert "There is no such plan" in await agent.refused("start_flodesk_job", plan_id="none")


async def test_a_segment_is_kept_in_step_and_put_back(agent: Agent, segment: str) -> None:
    before = members(agent, segment)
    first = min(person.email for person in agent.account.subscribers.values() if person.status == "active")
    plan = await agent.call(
        "plan_flodesk_segment_sync", segment_id=segment, people=[{"email": first}], remove_others=True
    )
    assert plan["to_remove"] == len(before - {first})
    assert any("More than half of the segment" in warning for warning in plan["warnings"])
    job = await carried_out(agent, plan)
    assert members(agent, segment) == {first}
    back = await agent.call("plan_flodesk_segment_sync", segment_id=segment, file=job["report"])
    await carried_out(agent, back)
    assert members(agent, segment) == before


async def test_a_search_is_frozen_into_a_segment(agent: Agent, segment: str) -> None:
    where = [{"field": "source", "operator": "is", "value": "checkout"}]
    found = await agent.call("search_flodesk_subscribers", where=where, limit=1)
    plan = await agent.call("plan_flodesk_segment_sync", segment_id=segment, where=where)
    assert list(plan["used_ids"]) == [segment]
    counted = sum(plan.get(name, 0) for name in ("to_add", "unchanged", "stays_unsubscribed", "invalid"))
    assert plan["rows"] == counted == found["total_items"]


async def test_exactly_one_source_is_wanted(agent: Agent, segment: str) -> None:
    text = await agent.refused("plan_flodesk_import")
    assert text.endswith("Give exactly one of people, csv and file: none is given.")
    text = await agent.refused("plan_flodesk_import", csv="email\na@example.com", people=[{"email": "a@example.com"}])
    assert text.endswith("people and csv are given.")
    where = [{"field": "status", "operator": "is", "value": "active"}]
    text = await agent.refused("plan_flodesk_segment_sync", segment_id=segment, where=where, csv="email")
    assert text.endswith("where and csv are given: choose one.")


async def test_what_is_wrong_with_a_list_is_said(agent: Agent) -> None:
    assert "None of its columns" in await agent.refused("plan_flodesk_import", csv="colour\nred\n")
    text = await agent.refused("plan_flodesk_import", csv=LIST, columns=[{"column": "Tags", "field": "shoe size"}])
    assert "There is no field 'shoe size' for the column 'Tags'" in text
    assert "No folder is open" in await agent.refused("plan_flodesk_import", file="list.csv")


async def test_files_are_read_only_in_open_folders(era: str, sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "list.csv").write_text("email\nnew@example.com\n")
    (tmp_path / "secret.csv").write_text("email\nsecret@example.com\n")
    (tmp_path / "open" / "link.csv").symlink_to(tmp_path / "secret.csv")
    async with connected(era, sandbox, toolsets="audience", folders=(tmp_path / "open",)) as agent:
        plan = await agent.call("plan_flodesk_import", file="list.csv")
        assert plan["new"] == 1
        for outside in ("../secret.csv", str(tmp_path / "secret.csv"), "link.csv"):
            assert "outside of the folders" in await agent.refused("plan_flodesk_import", file=outside)
        assert "There is no file 'none.csv'" in await agent.refused("plan_flodesk_import", file="none.csv")


async def test_the_person_is_asked_with_the_plan_s_own_numbers(era: str, sandbox: Sandbox, segment: str) -> None:
    person = Person("decline", sandbox)
    async with connected(era, sandbox, person=person, toolsets="audience") as agent:
        plan = await agent.call(
            "plan_flodesk_segment_sync", segment_id=segment, csv="email\nnew@example.com\n", remove_others=True
        )
        text = await agent.refused("start_flodesk_job", plan_id=plan["plan_id"])
        assert agent.written == []
    assert text == "Carry out a plan: the person declined, and nothing was changed."
    (asked,) = person.asked
    assert asked.startswith(f"Add 0 people to the segment {segment!r}, and remove {plan['to_remove']:,} from it?")
    assert "More than half of the segment is removed" in asked


async def test_a_person_who_agrees_lets_it_happen(era: str, sandbox: Sandbox) -> None:
    person = Person("accept", sandbox)
    async with connected(era, sandbox, person=person, toolsets="audience") as agent:
        plan = await agent.call("plan_flodesk_import", csv=LIST)
        job = await agent.call("start_flodesk_job", plan_id=plan["plan_id"])
    assert job["state"] == "done"
    assert person.asked == [
        "Write 1 person to Flodesk, of whom 1 are new and 0 change? It takes about 1 minute, and cannot be undone as a "
        "whole. " + " ".join(plan["warnings"])
    ]


async def test_nobody_carries_out_a_plan_unasked_where_a_person_must_be(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, toolsets="audience", confirm="always") as agent:
        plan = await agent.call("plan_flodesk_import", csv=LIST)
        text = await agent.refused("start_flodesk_job", plan_id=plan["plan_id"])
        assert agent.written == []
    assert "this server asks a person before it" in text


async def test_masked_plans_and_reports_show_nobody(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, toolsets="audience", personal_data="masked") as agent:
        plan = await agent.call("plan_flodesk_import", csv=LIST)
        assert "nobody" not in str(plan)
        job = await agent.call("start_flodesk_job", plan_id=plan["plan_id"])
        assert "example" not in str(job)
        with pytest.raises(Exception, match="personal data"):
            await agent.client.read_resource(job["report"])
