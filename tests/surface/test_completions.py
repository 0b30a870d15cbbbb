"""Completions of the names that an account has."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp_types import Completion, PromptReference, ResourceTemplateReference

from flodesk_mcp.sandbox import Account, Fault, Sandbox
from flodesk_mcp.sandbox.account import Segment
from tools.agent import Agent, connected

pytestmark = pytest.mark.anyio

ENROLL = PromptReference(name="add_people_and_start_workflow")
REVIEW = PromptReference(name="review_my_audience")
SEGMENT = ResourceTemplateReference(uri="flodesk://segments/{id}")
VIP = "3e645b1e6b81ac90ec4a722e"


@pytest.fixture
async def agent(era: str, sandbox: Sandbox) -> AsyncIterator[Agent]:
    async with connected(era, sandbox) as agent:
        yield agent


async def complete(
    agent: Agent, ref: PromptReference | ResourceTemplateReference, argument: str, value: str
) -> Completion:
    return (await agent.client.complete(ref, {"name": argument, "value": value})).completion


@pytest.mark.parametrize(
    ("ref", "argument", "value", "names"),
    [
        (ENROLL, "segment", "gift", ["Gift buyers"]),
        (SEGMENT, "id", "gift", ["Gift buyers"]),
        (ENROLL, "workflow", "BIRTH", ["Birthday posy"]),
        (REVIEW, "custom_field", "fav", ["Favourite flower"]),
        # What begins so comes before what only holds it.
        (SEGMENT, "id", "w", ["Wedding clients", "Wedding inquiries", "Weekly bouquet subscribers"]),
        (ENROLL, "segment", "clients", ["Corporate clients", "Wedding clients"]),
        (ENROLL, "segment", "no such thing", []),
    ],
)
async def test_names_that_begin_with_or_hold_what_was_typed_are_suggested(
    agent: Agent, ref: PromptReference | ResourceTemplateReference, argument: str, value: str, names: list[str]
) -> None:
    completion = await complete(agent, ref, argument, value)
    assert completion.values[:3] == names
    assert {sent.method for sent in agent.sent} == {"GET"}


async def test_nothing_typed_suggests_all(agent: Agent, account: Account) -> None:
    completion = await complete(agent, SEGMENT, "id", "")
    assert completion.values == sorted((segment.name for segment in account.segments.values()), key=str.casefold)
    assert (completion.total, completion.has_more) == (12, False)


async def test_at_most_a_hundred_are_suggested(agent: Agent, account: Account) -> None:
    created_at = account.segments[VIP].created_at
    for number in range(150):
        account.segments[f"{number:024x}"] = Segment(f"{number:024x}", f"Import {number:03}", "#F2C9C0", created_at)
    completion = await complete(agent, SEGMENT, "id", "import")
    assert completion.values == [f"Import {number:03}" for number in range(100)]
    assert (completion.total, completion.has_more) == (150, True)


async def test_typing_on_costs_no_further_requests(agent: Agent) -> None:
    for ref, argument in ((ENROLL, "segment"), (ENROLL, "workflow"), (REVIEW, "custom_field")):
        for typed in ("b", "bi", "bir"):
            await complete(agent, ref, argument, typed)
    assert [sent.path for sent in agent.sent] == ["/v1/segments", "/v1/workflows", "/v1/custom-fields/all"]


async def test_names_of_strangers_are_stripped_and_empty_ones_left_out(agent: Agent, account: Account) -> None:
    for segment in account.segments.values():
        segment.name = ""
    account.segments[VIP].name = "V\u202eI\u200bP"
    assert (await complete(agent, SEGMENT, "id", "")).values == ["VIP"]


@pytest.mark.parametrize("fault", [Fault("status", status=401), Fault("html"), Fault("status", status=403)])
async def test_an_error_suggests_nothing(agent: Agent, fault: Fault) -> None:
    for _ in range(20):
        agent.sandbox.fail(fault)
    assert (await complete(agent, SEGMENT, "id", "v")).values == []


@pytest.mark.parametrize(
    ("settings", "ref", "argument"),
    [
        ({"toolsets": "webhooks"}, SEGMENT, "id"),
        ({"toolsets": "segments"}, ENROLL, "workflow"),
        ({"exclude_tools": "list_all_flodesk_custom_fields"}, REVIEW, "custom_field"),
    ],
)
async def test_names_are_off_with_the_tool_that_lists_them(
    era: str, sandbox: Sandbox, settings: dict[str, Any], ref: PromptReference, argument: str
) -> None:
    async with connected(era, sandbox, **settings) as agent:
        assert (await complete(agent, ref, argument, "")).values == []
        assert not agent.sent


@pytest.mark.parametrize(
    ("ref", "argument"),
    [
        (ENROLL, "people"),
        (PromptReference(name="webhook_for_unsubscribes"), "post_url"),
        (ResourceTemplateReference(uri="flodesk://subscribers/{id_or_email}"), "id_or_email"),
        (ResourceTemplateReference(uri="flodesk://nothing/{id}"), "id"),
    ],
)
async def test_people_and_addresses_are_never_suggested(
    agent: Agent, ref: PromptReference | ResourceTemplateReference, argument: str
) -> None:
    assert (await complete(agent, ref, argument, "")).values == []
    assert not agent.sent
