"""The tools on workflows."""

from typing import Any

import pytest

from flodesk_mcp.sandbox import Fault

from .agent import JASPER, NOTHING, Agent, Sent

pytestmark = pytest.mark.anyio

WELCOME = {"id": "74a8b7ca0c26658375fdc434", "name": "Welcome to the studio"}
PAUSED = ["2866b603ab4c92dcfb64c38b", "1d0c41f977211f5b40b2b0b2"]
DRAFTS = ["617ab4285ad9357d07d07d83", "ec65f0c677141682009ac1ac"]
SUBSCRIBERS = f"/v1/workflows/{WELCOME['id']}/subscribers"


async def test_workflows_are_listed_in_pages_whose_size_flodesk_spells_its_own_way(agent: Agent) -> None:
    data = await agent.call("list_all_flodesk_workflows", limit=1)
    assert data == {"result": [WELCOME], "next_cursor": data["next_cursor"], "total_items": 12}
    assert agent.sent == [Sent("GET", "/v1/workflows", {"page": "1", "perPage": "1"}, None)]


async def test_workflows_are_listed_by_statuses(agent: Agent) -> None:
    data = await agent.call("list_all_flodesk_workflows", statuses=["paused", "draft"])
    assert [workflow["id"] for workflow in data["result"]] == PAUSED + DRAFTS
    assert agent.sent == [
        Sent("GET", "/v1/workflows", {"page": "1", "perPage": "20", "statuses": "paused,draft"}, None)
    ]


@pytest.mark.parametrize("who", [{"email": JASPER.email}, {"id": JASPER.id}])
async def test_a_person_is_enrolled_by_email_or_id(agent: Agent, who: dict[str, str]) -> None:
    data = await agent.call("create_a_flodesk_workflow", workflow_id=WELCOME["id"], **who)
    assert agent.sent == [
        Sent("POST", SUBSCRIBERS, {}, who),
        Sent("GET", f"/v1/subscribers/{next(iter(who.values()))}", {}, None),
    ]
    assert data == {"workflow_id": WELCOME["id"], "subscriber": next(iter(who.values())), "enrolled": True}
    assert agent.account.enrollments[WELCOME["id"], JASPER.id] == "active"


async def test_a_person_is_taken_out_of_a_workflow(agent: Agent) -> None:
    agent.account.enrollments[WELCOME["id"], JASPER.id] = "active"
    data = await agent.call("delete_a_flodesk_workflow_by_id", workflow_id=WELCOME["id"], id_or_email=JASPER.email)
    assert agent.sent == [
        Sent("DELETE", f"{SUBSCRIBERS}/{JASPER.email}", {}, None),
        Sent("GET", f"/v1/subscribers/{JASPER.email}", {}, None),
    ]
    assert data == {"workflow_id": WELCOME["id"], "subscriber": JASPER.email, "enrolled": False}
    assert agent.account.enrollments[WELCOME["id"], JASPER.id] == "left"


@pytest.mark.parametrize(
    ("tool", "who"),
    [("create_a_flodesk_workflow", "email"), ("delete_a_flodesk_workflow_by_id", "id_or_email")],
)
async def test_a_workflow_for_somebody_who_is_not_active_says_so(agent: Agent, tool: str, who: str) -> None:
    person = agent.account.subscribers[JASPER.id]
    person.status = "unsubscribed"
    agent.account.enrollments[WELCOME["id"], JASPER.id] = "left"
    if tool == "create_a_flodesk_workflow":
        agent.account.workflows[WELCOME["id"]].allow_repeat = True
    data = await agent.call(tool, workflow_id=WELCOME["id"], **{who: JASPER.email})
    assert data["notice"].startswith("This person is unsubscribed: they get no mail")


async def test_the_status_of_somebody_seen_lately_costs_no_request(agent: Agent) -> None:
    await agent.call("create_a_flodesk_subscriber", email=JASPER.email.upper())
    await agent.call("create_a_flodesk_workflow", workflow_id=WELCOME["id"], email=JASPER.email)
    await agent.call("delete_a_flodesk_workflow_by_id", workflow_id=WELCOME["id"], id_or_email=JASPER.id)
    assert [sent.method for sent in agent.sent] == ["POST", "POST", "DELETE"]


async def test_a_status_that_cannot_be_had_does_not_fail_the_enrollment(agent: Agent) -> None:
    agent.sandbox.fail(Fault("status", status=403, path="/v1/subscribers/"))
    data = await agent.call("create_a_flodesk_workflow", workflow_id=WELCOME["id"], email=JASPER.email)
    assert data == {"workflow_id": WELCOME["id"], "subscriber": JASPER.email, "enrolled": True}


@pytest.mark.parametrize(
    ("tool", "who"),
    [("create_a_flodesk_workflow", "email"), ("delete_a_flodesk_workflow_by_id", "id_or_email")],
)
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"workflow_id": NOTHING, "who": JASPER.email}, "Workflow not found."),
        ({"workflow_id": WELCOME["id"], "who": "nobody@example.com"}, "Subscriber not found."),
    ],
)
async def test_an_unknown_workflow_or_person_names_the_tools_that_list_both(
    agent: Agent, tool: str, who: str, given: dict[str, str], words: str
) -> None:
    text = await agent.refused(tool, workflow_id=given["workflow_id"], **{who: given["who"]})
    assert text.endswith(
        f" failed: Flodesk knows nothing under what was given (404). Flodesk's words: {words!r}. "
        "What exists: list_all_flodesk_subscribers, list_all_flodesk_workflows."
    )


async def test_a_person_who_is_in_the_workflow_already_is_refused_in_flodesks_words(agent: Agent) -> None:
    agent.account.enrollments[WELCOME["id"], JASPER.id] = "active"
    text = await agent.refused("create_a_flodesk_workflow", workflow_id=WELCOME["id"], id=JASPER.id)
    assert text == (
        "Enroll a subscriber in a workflow failed: Flodesk does not accept it (400). "
        "Flodesk's words: 'The subscriber is already active in the workflow.'. "
        "What exists: list_all_flodesk_subscribers, list_all_flodesk_workflows."
    )
    assert len(agent.sent) == 1


async def test_nobody_is_enrolled_without_an_email_or_id(agent: Agent) -> None:
    text = await agent.refused("create_a_flodesk_workflow", workflow_id=WELCOME["id"])
    assert text == (
        "Enroll a subscriber in a workflow failed: nothing was sent. "
        "Either `email` or `id` is needed, to know who is meant."
    )
    assert not agent.sent


@pytest.mark.parametrize("arguments", [{"statuses": ["running"]}, {"limit": 0}, {"limit": 101}])
async def test_filters_and_sizes_out_of_bounds_are_refused_before_any_request(
    agent: Agent, arguments: dict[str, Any]
) -> None:
    text = await agent.refused("list_all_flodesk_workflows", **arguments)
    assert f"nothing was sent. Argument '{next(iter(arguments))}" in text
    assert not agent.sent
