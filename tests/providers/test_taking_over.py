"""Contacts of another provider become subscribers: planned, shown, carried out and reported like any list."""

from typing import Any

import anyio
import pytest
from mcp_types import ElicitResult

from flodesk_mcp.sandbox import Fault, Sandbox
from flodesk_mcp.sandbox.flownurture import FlowNurture
from flodesk_mcp.sandbox.highlevel import HighLevel
from flodesk_mcp.sandbox.stand_in import StandIn
from tools.agent import JASPER, Agent, connected

from .conftest import TOOLSETS
from .planned import planned

pytestmark = pytest.mark.anyio

NEWCOMERS = {"highlevel": "ines.vogel@example.com", "flownurture": "ivo.brandt@example.com"}


async def carried_out(agent: Agent, plan: dict[str, Any]) -> dict[str, Any]:
    job = await agent.call("start_flodesk_job", plan_id=plan["plan_id"])
    while job["state"] != "done":
        job = await agent.call("get_flodesk_job", job_id=job["job_id"], wait_seconds=25)
    return job


@pytest.mark.parametrize("provider", NEWCOMERS)
async def test_contacts_become_subscribers(agent: Agent, provider: str) -> None:
    plan = await planned(agent, from_provider=provider, segment_ids=["Moved"])
    assert not agent.written
    assert plan["new"] >= 1
    assert (await carried_out(agent, plan))["written"] == plan["will_write"]
    moved = next(known for known, segment in agent.account.segments.items() if segment.name == "Moved")
    newcomer = agent.account.find_subscriber(NEWCOMERS[provider])
    assert newcomer is not None
    assert moved in newcomer.segment_ids
    again = await planned(agent, from_provider=provider, segment_ids=["Moved"])
    assert "will_write" not in again


async def test_tags_become_segments_and_fields_map_by_their_names(agent: Agent, highlevel: StandIn[HighLevel]) -> None:
    ines = highlevel.account.with_value("email", NEWCOMERS["highlevel"]) or {}
    field = next(iter(highlevel.account.custom_fields))
    ines.update({"tags": ["VIP", "barn dance"], "customFields": [{"id": field, "value": "Iris"}], "dnd": False})
    plan = await planned(agent, from_provider="highlevel", create_missing_fields=True)
    assert "barn dance" in plan["segments_to_create"]
    await carried_out(agent, plan)
    moved = agent.account.find_subscriber(NEWCOMERS["highlevel"])
    assert moved is not None
    names = {agent.account.segments[known].name for known in moved.segment_ids}
    assert {"VIP", "barn dance"} <= names
    assert moved.custom_fields["favouriteFlower"] == "Iris"
    assert moved.first_name == "Ines"


async def test_one_tag_alone_can_be_taken_over(agent: Agent, highlevel: StandIn[HighLevel]) -> None:
    plan = await planned(agent, from_provider="highlevel", from_segment="vip")
    assert plan["rows"] == sum("vip" in row["tags"] for row in highlevel.account.contacts.values())


async def test_who_may_not_be_mailed_stays_out(agent: Agent, highlevel: StandIn[HighLevel]) -> None:
    for changes in ({"dnd": True}, {"unsubscribeEmail": True}, {"bounceEmail": True}):
        ines = highlevel.account.with_value("email", NEWCOMERS["highlevel"]) or {}
        before = dict(ines)
        ines.update(changes)
        plan = await planned(agent, from_provider="highlevel")
        await carried_out(agent, plan)
        assert plan["stays_unsubscribed"] >= 1
        assert agent.account.find_subscriber(NEWCOMERS["highlevel"]) is None
        ines.clear()
        ines.update(before)


async def test_who_has_left_flodesk_stays_out_whatever_another_provider_says(agent: Agent) -> None:
    jasper = agent.account.find_subscriber(JASPER.email)
    assert jasper is not None
    jasper.status = "unsubscribed"
    before = list(jasper.segment_ids)
    plan = await planned(agent, from_provider="highlevel", segment_ids=["Moved"])
    await carried_out(agent, plan)
    assert (jasper.status, jasper.segment_ids) == ("unsubscribed", before)


async def test_a_row_without_an_address_is_a_problem_and_stops_nobody(
    agent: Agent, highlevel: StandIn[HighLevel]
) -> None:
    next(iter(highlevel.account.contacts.values()))["email"] = None
    plan = await planned(agent, from_provider="highlevel")
    assert plan["invalid"] == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"from_provider": "flownurture", "from_segment": "Customers"}, "does not tell who is in a segment"),
        ({"from_provider": "flodesk"}, "where an import goes to"),
        ({"from_provider": "mailchimp"}, "There is no provider 'mailchimp'"),
        ({"from_segment": "vip"}, "needs from_provider"),
        ({"from_provider": "highlevel", "csv": "email"}, "csv and from_provider are given"),
        ({"from_provider": "highlevel", "from_segment": "nope"}, "'nope' does not stand for exactly one segment"),
    ],
)
async def test_what_cannot_be_taken_over_says_why(agent: Agent, arguments: dict[str, str], told: str) -> None:
    assert told in await agent.refused("plan_flodesk_import", **arguments)


async def test_what_the_quota_does_not_allow_at_once_is_read_by_the_next_call(
    agent: Agent, flownurture: StandIn[FlowNurture]
) -> None:
    somebody = next(iter(flownurture.account.contacts.values()))
    for number in range(6200):
        known = f"more{number}"
        flownurture.account.contacts[known] = somebody | {"id": known, "email": f"{known}@example.com"}
    text = await agent.refused("plan_flodesk_import", from_provider="flownurture")
    assert "this FlowNurture account (429) is spent" in text
    assert "6,000 contacts are read, and kept for ten minutes" in text
    before = len(flownurture.requests)
    await anyio.sleep(61)
    plan = await planned(agent, from_provider="flownurture")
    assert plan["rows"] == 6242
    assert len(flownurture.requests) - before == 3
    assert [sent.status for sent in flownurture.requests] == [200] * 63


async def test_a_page_that_repeats_the_one_before_is_the_end(agent: Agent, flownurture: StandIn[FlowNurture]) -> None:
    page = [{"id": str(number), "email": f"p{number}@example.com"} for number in range(100)]
    flownurture.fail(Fault("status", status=200, body=str(page).replace("'", '"'), times=9))
    plan = await planned(agent, from_provider="flownurture")
    assert (plan["rows"], len(flownurture.requests)) == (100, 2)


async def test_nobody_comes_from_elsewhere_while_unified_is_off(sandbox: Sandbox) -> None:
    async with connected("2026-07-28", sandbox, toolsets="all") as agent:
        (tool,) = [tool for tool in (await agent.client.list_tools()).tools if tool.name == "plan_flodesk_import"]
        text = await agent.refused("plan_flodesk_import", from_provider="highlevel")
    assert not [name for name in tool.input_schema["properties"] if name.startswith("from_")]
    assert "turned off" in text
    assert not sandbox.highlevel.requests


async def test_where_it_is_on_the_other_providers_are_the_choice(agent: Agent) -> None:
    (tool,) = [tool for tool in (await agent.client.list_tools()).tools if tool.name == "plan_flodesk_import"]
    assert tool.input_schema["properties"]["from_provider"]["enum"] == ["flownurture", "highlevel"]


async def test_two_plans_at_once_each_have_everybody(agent: Agent, highlevel: StandIn[HighLevel]) -> None:
    somebody = next(iter(highlevel.account.contacts.values()))
    for number in range(300):
        known = f"more{number}"
        highlevel.account.contacts[known] = somebody | {"id": known, "email": f"{known}@example.com"}
    rows: list[int] = []

    async def plan() -> None:
        rows.append((await planned(agent, from_provider="highlevel"))["rows"])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(plan)
        tasks.start_soon(plan)
    assert rows == [358, 358]


async def test_a_provider_that_does_not_tell_who_may_be_mailed_is_warned_of(
    agent: Agent, flownurture: StandIn[FlowNurture]
) -> None:
    plan = await planned(agent, from_provider="flownurture")
    number = len(flownurture.account.contacts)
    (warning,) = [text for text in plan["warnings"] if "FlowNurture" in text]
    assert f"FlowNurture does not tell of {number} people whether they may be mailed" in warning
    assert "use double_optin" in warning


async def test_the_person_who_is_asked_hears_that_a_provider_does_not_tell_it(sandbox: Sandbox) -> None:
    asked: list[str] = []

    async def person(context: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="decline")

    async with connected("2026-07-28", sandbox, toolsets=TOOLSETS, person=person) as agent:
        plan = await planned(agent, from_provider="flownurture")
        await agent.refused("start_flodesk_job", plan_id=plan["plan_id"])
    assert "FlowNurture does not tell" in asked[0]


async def test_only_those_of_whom_it_is_not_told_are_warned_of(agent: Agent, highlevel: StandIn[HighLevel]) -> None:
    before = await planned(agent, from_provider="highlevel")
    assert "does not tell" not in str(before.get("warnings"))
    ines = highlevel.account.with_value("email", NEWCOMERS["highlevel"]) or {}
    ines.update({"dnd": None, "dndSettings": None})
    plan = await planned(agent, from_provider="highlevel")
    assert "HighLevel does not tell of 1 person whether they may be mailed" in str(plan["warnings"])
