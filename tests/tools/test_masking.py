"""Where personal data is masked, none reaches the client: not by a tool, a resource, an error or a question."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference, ResourceTemplateReference

from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, Account, Fault, Sandbox
from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings
from flodesk_mcp.surface.resources import RESOURCES

from .agent import JASPER, Agent, connected
from .canaries import ADDRESS, FIRST, LAST, VALUE, WORDS, Heard, found_in, listened, mark
from .examples import EXAMPLES, SEGMENT, WEBHOOK, WORKFLOW
from .examples_beyond_default import BEYOND_DEFAULT
from .person import Person

pytestmark = pytest.mark.anyio

ALL = (*EXAMPLES, *BEYOND_DEFAULT)
GET, LIST = "get_single_flodesk_subscriber_by_id", "list_all_flodesk_subscribers"
SAVE, BATCH = "create_a_flodesk_subscriber", "create_flodesk_subscribers_in_batch"
UNSUBSCRIBE, UPDATE = "unsubscribe_a_flodesk_subscriber", "update_a_flodesk_webhook_by_id"
FAULTS = [
    *(
        Fault("status", status=status, body='{"message": "' + WORDS + '"}', times=2000)
        for status in (400, 401, 403, 404)
    ),
    *(
        Fault("status", status=status, body='{"message": "' + WORDS + '"}', times=2000)
        for status in (409, 422, 500, 503)
    ),
    Fault("status", status=429, retry_after=90, body='{"message": "' + WORDS + '"}', times=2000),
    Fault("status", status=200, body='{"data": {"' + ADDRESS + '": 1}, "id": ["' + ADDRESS + '"]}', times=2000),
    *(Fault(kind, times=2000) for kind in ("html", "refuse", "drop_before", "drop_after", "hang", "malformed", "huge")),
]


@pytest.fixture(autouse=True)
def _marked(account: Account) -> None:
    mark(account)


@asynccontextmanager
async def masked(era: str, sandbox: Sandbox, heard: Heard, **settings: Any) -> AsyncIterator[Agent]:
    """Connect an agent to which personal data is masked, and keep all that it receives."""
    own = {"toolsets": "all", "personal_data": "masked", **settings}
    chosen = Settings.model_validate(own if "access_token" in own else {"sandbox": True, **own})
    server, person = single_server(chosen, sandbox.transport()), Person("accept", sandbox)
    async with Client(listened(server, heard), mode=era, elicitation_callback=person) as client:
        yield Agent(client, sandbox)
    assert heard.messages
    assert not heard.marks()
    assert not found_in("".join(person.asked))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def agent(era: str, sandbox: Sandbox, heard: Heard) -> AsyncIterator[Agent]:
    async with masked(era, sandbox, heard) as agent:
        yield agent


def people(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments that name the marked person where they named somebody."""
    return {name: ADDRESS if value == JASPER.email else value for name, value in arguments.items()}


@pytest.mark.parametrize("example", ALL, ids=lambda example: example.tool)
async def test_no_tool_shows_who_somebody_is(agent: Agent, example: Any) -> None:
    await agent.answer(example.tool, **people(example.arguments))


async def test_the_canaries_would_be_found(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, toolsets="all") as agent:
        told = str([await agent.answer(example.tool, **people(example.arguments)) for example in ALL])
    assert {FIRST.casefold(), LAST.casefold(), VALUE.casefold(), "canarybird"} <= set(found_in(told))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind} {fault.status}")
async def test_no_error_shows_who_somebody_is(era: str, sandbox: Sandbox, heard: Heard, fault: Fault) -> None:
    sandbox.fail(fault)
    async with masked(era, sandbox, heard, max_wait_seconds=5, timeout_seconds=2) as agent:
        for example in ALL:
            await agent.answer(example.tool, **people(example.arguments))


async def test_no_refusal_shows_who_somebody_is(agent: Agent) -> None:
    for tool, arguments in (
        (GET, {"id_or_email": f"not-{ADDRESS}"}),
        (GET, {"id_or_email": ADDRESS, ADDRESS: 1}),
        (GET, {"id_or_email": ADDRESS, "fields": [ADDRESS]}),
        (SAVE, {"email": f"{ADDRESS} x"}),
        (SAVE, {"email": ADDRESS, "custom_fields": [{"field": ADDRESS, "value": "x"}]}),
        (SAVE, {"email": ADDRESS, "segment_ids": [ADDRESS]}),
        (LIST, {"segment_id": ADDRESS}),
        (LIST, {"next_cursor": ADDRESS}),
        ("create_a_flodesk_workflow", {"workflow_id": "no such", "email": ADDRESS}),
        ("create_a_flodesk_workflow", {"workflow_id": WORKFLOW, "email": f"not-{ADDRESS}"}),
        ("create_a_flodesk_webhook", {"name": "x", "post_url": f"http://{ADDRESS}", "events": [ADDRESS]}),
        (BATCH, {"subscribers": [{"email": ADDRESS}] * 51}),
    ):
        await agent.refused(tool, **arguments)
    await agent.call(BATCH, subscribers=[{"email": ADDRESS, "custom_fields": {ADDRESS: "x"}}])
    with pytest.raises(MCPError):
        await agent.answer(ADDRESS)


async def test_batch_reports_tell_our_reasons_and_keep_flodesks_words_to_themselves(agent: Agent) -> None:
    rows = [{"email": ADDRESS}, {"id": "0" * 24, "first_name": FIRST}]
    report = await agent.call(BATCH, subscribers=[*rows, {"email": f"{ADDRESS} x"}])
    assert report["written"][0]["email"] == "z***@c***.example"
    theirs, ours = report["failed"]
    assert (theirs["row"], "reason" in theirs) == (1, False)
    assert (ours["row"], ours["reason"]) == (2, "Argument 'email': 'z***@c***.example x' is not an e-mail address.")


async def test_questions_show_initials_and_the_outline_of_an_address(
    era: str, sandbox: Sandbox, account: Account
) -> None:
    person = Person("decline", sandbox)
    async with connected(era, sandbox, person=person, toolsets="all", personal_data="masked") as agent:
        await agent.refused(UNSUBSCRIBE, id_or_email=JASPER.id)
        await agent.refused(UPDATE, id=WEBHOOK, name=ADDRESS)
        await agent.refused(SAVE, id=JASPER.id, clear_fields=["first_name"])
    assert person.asked[2] == "Erase 'first_name' of 'z***@c***.example'? The values cannot be brought back."
    assert person.asked[0].startswith("Unsubscribe 'Z. Q.', 'z***@c***.example' (now 'active') from all mail?")
    assert not found_in("".join(person.asked))


@pytest.mark.parametrize(
    "uri",
    [
        *(spec.uri for spec in RESOURCES if spec.tool.toolset.in_all),
        f"flodesk://segments/{SEGMENT}",
        f"flodesk://subscribers/{JASPER.id}",
    ],
)
async def test_no_resource_shows_who_somebody_is(agent: Agent, uri: str) -> None:
    assert (await agent.client.read_resource(uri)).contents


async def test_no_refused_resource_shows_who_somebody_is(agent: Agent) -> None:
    for uri in (f"flodesk://{ADDRESS}", f"flodesk://segments/{ADDRESS}", f"flodesk://subscribers/not-{ADDRESS}"):
        with pytest.raises(MCPError):
            await agent.client.read_resource(uri)
    assert (await agent.client.read_resource(f"flodesk://subscribers/{ADDRESS}")).contents


async def test_no_prompt_shows_an_address_and_no_completion_does(agent: Agent) -> None:
    arguments = {"people": ADDRESS, "segment": ADDRESS, "workflow": ADDRESS}
    await agent.client.get_prompt("add_people_and_start_workflow", arguments)
    await agent.client.get_prompt("review_my_audience", {"custom_field": ADDRESS})
    for given in ({ADDRESS: "x"}, {}):
        with pytest.raises(MCPError):
            await agent.client.get_prompt("webhook_for_unsubscribes", given)
    prompt = PromptReference(name="add_people_and_start_workflow")
    for ref, argument in (
        (prompt, "segment"),
        (prompt, "workflow"),
        (PromptReference(name="review_my_audience"), "custom_field"),
        (ResourceTemplateReference(uri="flodesk://segments/{id}"), "id"),
    ):
        assert (await agent.client.complete(ref, {"name": argument, "value": ""})).completion.values
        # Nor does it tell by what fits.
        found = await agent.client.complete(ref, {"name": argument, "value": "quackenbush"})
        assert not found.completion.values


async def test_the_owner_of_the_account_is_masked_too(era: str, sandbox: Sandbox, heard: Heard) -> None:
    mark(sandbox.accounts[SANDBOX_ACCESS_TOKEN])
    async with masked(era, sandbox, heard, access_token=SANDBOX_ACCESS_TOKEN) as agent:
        data = await agent.call("get_flodesk_account")
    assert (data["email"], data["full_name"]) == ("o***@c***.example", "O. Q.")


async def test_a_person_is_shown_by_id_status_initials_and_names_of_fields(agent: Agent, account: Account) -> None:
    data = await agent.call(GET, id_or_email=ADDRESS)
    assert data["id"] == next(iter(account.subscribers))
    assert (data["email"], data["first_name"], data["last_name"]) == ("z***@c***.example", "Z.", "Q.")
    assert data["custom_fields"] == {"venue": "***", "birthday": "***"}
    assert "optin_ip" not in data
    assert data["created_at"]


async def test_what_flodesk_adds_is_left_out(era: str, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=200, body='{"id": "a", "phone": "555", "address": {"street": "Elm"}}'))
    async with connected(era, sandbox, personal_data="masked") as agent:
        assert await agent.call(GET, id_or_email="a") == {"id": "a"}


async def test_actions_go_by_id_and_by_the_addresses_that_the_agent_has(agent: Agent, account: Account) -> None:
    (found,) = (await agent.call(LIST, limit=1))["result"]
    await agent.call(SAVE, id=found["id"], first_name="Ada")
    assert account.subscribers[found["id"]].first_name == "Ada"
    enrolled = await agent.call("create_a_flodesk_workflow", workflow_id=WORKFLOW, email=ADDRESS)
    assert enrolled["subscriber"] == "z***@c***.example"
    first = next(iter(account.subscribers))
    enrolled = await agent.call("delete_a_flodesk_workflow_by_id", workflow_id=WORKFLOW, id_or_email=first)
    assert enrolled["subscriber"] == first


@pytest.mark.parametrize(
    "written",
    [
        {"email": "z***@c***.example"},
        {"id": JASPER.id, "first_name": "Z."},
        {"id": JASPER.id, "last_name": "Q. R."},
        {"id": JASPER.id, "custom_fields": [{"field": "venue", "value": "***"}]},
    ],
    ids=str,
)
async def test_a_masked_value_is_never_written_back(agent: Agent, written: dict[str, Any]) -> None:
    for text in (
        await agent.refused(SAVE, **written),
        await agent.refused(BATCH, subscribers=[written]),
    ):
        assert "is masked personal data, not a value." in text
    assert not agent.sent


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_agent_is_told(mode: str, sandbox: Sandbox) -> None:
    for personal_data, told in (("masked", True), ("shown", False)):
        async with connected(mode, sandbox, personal_data=personal_data) as agent:
            assert ("Personal data is masked" in (agent.client.instructions or "")) is told
