"""Asking the person behind the client before what cannot be undone."""

from itertools import product

import anyio
import pytest
from mcp.client.session import ClientRequestContext
from mcp_types import (
    ElicitRequestParams,
    ElicitResult,
    ErrorData,
)

from flodesk_mcp.sandbox import Account, Fault, Sandbox

from .agent import ERAS, JASPER, connected
from .examples import WEBHOOK
from .person import Action, Person

pytestmark = pytest.mark.anyio

UNSUBSCRIBE = "unsubscribe_a_flodesk_subscriber"
UPDATE = "update_a_flodesk_webhook_by_id"
DELETE = "delete_a_flodesk_webhook_by_id"

CALLS = {
    UNSUBSCRIBE: {"id_or_email": JASPER.email},
    UPDATE: {"id": WEBHOOK, "post_url": "https://new.example.com/hook"},
    DELETE: {"id": WEBHOOK},
}
TITLES = {
    UNSUBSCRIBE: "Unsubscribe a subscriber from everything",
    UPDATE: "Update a webhook",
    DELETE: "Delete a webhook",
}
every_tool = pytest.mark.parametrize("tool", CALLS)
MODERN = ERAS[-1]


def state(account: Account) -> str:
    """Return all that the destructive tools could change."""
    return repr((account.subscribers[JASPER.id], account.webhooks))


@every_tool
@pytest.mark.parametrize("confirm", ["auto", "always"])
async def test_what_the_person_agrees_to_is_done(
    era: str, sandbox: Sandbox, account: Account, tool: str, confirm: str
) -> None:
    before, person = state(account), Person("accept", sandbox)
    async with connected(era, sandbox, person=person, toolsets="all", confirm=confirm) as agent:
        await agent.call(tool, **CALLS[tool])
    assert len(person.asked) == 1
    assert state(account) != before


@every_tool
@pytest.mark.parametrize(("confirm", "action"), [*product(["auto", "always"], ["decline", "cancel"])])
async def test_what_the_person_does_not_agree_to_changes_nothing_and_says_so(
    era: str, sandbox: Sandbox, account: Account, tool: str, confirm: str, action: Action
) -> None:
    before, person = state(account), Person(action, sandbox)
    async with connected(era, sandbox, person=person, toolsets="all", confirm=confirm) as agent:
        text = await agent.refused(tool, **CALLS[tool])
        assert {sent.method for sent in agent.sent} == {"GET"}
    assert text == f"{TITLES[tool]}: the person declined, and nothing was changed."
    assert len(person.asked) == 1
    assert state(account) == before


@every_tool
async def test_nothing_is_written_before_the_answer(era: str, sandbox: Sandbox, tool: str) -> None:
    person = Person("accept", sandbox)
    async with connected(era, sandbox, person=person, toolsets="all") as agent:
        await agent.call(tool, **CALLS[tool])
    assert set(person.sent_before) == {"GET"}


@every_tool
@pytest.mark.parametrize("content", [None, {}, {"anything": "else"}])
async def test_an_agreement_counts_whatever_the_empty_form_holds(
    era: str, sandbox: Sandbox, account: Account, tool: str, content: dict[str, str] | None
) -> None:
    before = state(account)
    person = Person("accept", sandbox, None if content is None else {**content})
    async with connected(era, sandbox, person=person, toolsets="all") as agent:
        await agent.call(tool, **CALLS[tool])
    assert state(account) != before


@every_tool
async def test_never_asks_nobody(era: str, sandbox: Sandbox, account: Account, tool: str) -> None:
    before, person = state(account), Person("decline", sandbox)
    async with connected(era, sandbox, person=person, toolsets="all", confirm="never") as agent:
        await agent.call(tool, **CALLS[tool])
        assert len(agent.sent) == 1
    assert not person.asked
    assert state(account) != before


@every_tool
@pytest.mark.parametrize("confirm", ["auto", "never"])
async def test_where_the_client_cannot_ask_auto_and_never_proceed(
    era: str, sandbox: Sandbox, account: Account, tool: str, confirm: str
) -> None:
    before = state(account)
    async with connected(era, sandbox, toolsets="all", confirm=confirm) as agent:
        await agent.call(tool, **CALLS[tool])
        assert len(agent.sent) == 1
    assert state(account) != before


@every_tool
async def test_where_the_client_cannot_ask_always_refuses_and_says_why(
    era: str, sandbox: Sandbox, account: Account, tool: str
) -> None:
    before = state(account)
    async with connected(era, sandbox, toolsets="all", confirm="always") as agent:
        text = await agent.refused(tool, **CALLS[tool])
        assert not agent.sent
    assert text == (
        f"{TITLES[tool]} was refused, and nothing was changed: this server asks a person before it "
        "(FLODESK_CONFIRM=always), and this client cannot ask one."
    )
    assert state(account) == before


@pytest.mark.parametrize("confirm", ["auto", "always"])
async def test_what_destroys_nothing_is_never_asked_about(era: str, sandbox: Sandbox, confirm: str) -> None:
    person = Person("decline", sandbox)
    async with connected(era, sandbox, person=person, toolsets="all", confirm=confirm) as agent:
        await agent.call("create_a_flodesk_subscriber", email=JASPER.email, first_name="Jay")
        await agent.call("delete_a_flodesk_subscriber_by_id", id_or_email=JASPER.email, segment_ids=["Newsletter"])
    assert not person.asked


@every_tool
async def test_no_tool_takes_a_confirmation_that_a_model_could_give_itself(
    era: str, sandbox: Sandbox, account: Account, tool: str
) -> None:
    before, person = state(account), Person("decline", sandbox)
    async with connected(era, sandbox, person=person, toolsets="all") as agent:
        for argument in ("confirm", "confirmed", "force", "yes"):
            assert "Unknown argument" in await agent.refused(tool, **CALLS[tool], **{argument: True})
    assert state(account) == before


async def test_a_person_may_take_their_time(era: str, sandbox: Sandbox, account: Account) -> None:
    class Slow(Person):
        async def __call__(
            self, context: ClientRequestContext, params: ElicitRequestParams
        ) -> ElicitResult | ErrorData:
            await anyio.sleep(600)
            sandbox.fail(Fault("status", status=503, method="POST"))  # so that the call itself has to wait, too
            return await super().__call__(context, params)

    person = Slow("accept", sandbox)
    async with connected(era, sandbox, person=person, toolsets="all") as agent:
        await agent.call(UNSUBSCRIBE, **CALLS[UNSUBSCRIBE])
    assert account.subscribers[JASPER.id].status == "unsubscribed"


async def test_a_client_that_fails_to_ask_changes_nothing(sandbox: Sandbox, account: Account) -> None:
    async def fail(context: ClientRequestContext, params: ElicitRequestParams) -> ErrorData:
        return ErrorData(code=-32603, message="the window is closed")

    async with connected("legacy", sandbox, person=fail, toolsets="all") as agent:
        text = await agent.refused(UNSUBSCRIBE, **CALLS[UNSUBSCRIBE])
    assert text.endswith(": this client could not ask the person, and nothing was changed.")
    assert account.subscribers[JASPER.id].status == "active"


@every_tool
async def test_a_question_that_cannot_be_put_because_there_is_nothing_to_ask_about_is_an_error(
    era: str, sandbox: Sandbox, tool: str
) -> None:
    person = Person("accept", sandbox)
    unknown = {**CALLS[tool], "id" if tool != UNSUBSCRIBE else "id_or_email": "0" * 24}
    async with connected(era, sandbox, person=person, toolsets="all") as agent:
        assert "(404)" in await agent.refused(tool, **unknown)
        assert [sent.method for sent in agent.sent] == ["GET"]
    assert not person.asked
