"""Asking the person behind the client before what cannot be undone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product
from typing import Any, Self

import anyio
import pytest
from mcp import Client
from mcp.client._memory import InMemoryTransport
from mcp.client.session import ClientRequestContext, ClientSession
from mcp.server.mcpserver import MCPServer
from mcp.shared._stream_protocols import ReadStream, WriteStream
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from mcp_types import (
    CallToolResult,
    ClientCapabilities,
    ElicitationCapability,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitResult,
    ErrorData,
    InputRequiredResult,
    InputResponses,
    TextContent,
    UrlElicitationCapability,
)

from flodesk_mcp.one_account import one_account
from flodesk_mcp.sandbox import Account, Fault, Sandbox
from flodesk_mcp.server import build_server
from flodesk_mcp.settings import Settings

from .agent import ERAS, JASPER, connected
from .examples import WEBHOOK
from .person import Action, Person, connected_for

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


def settings(confirm: str = "auto") -> Settings:
    return Settings.model_validate({"sandbox": True, "toolsets": "all", "confirm": confirm})


def text_of(answer: CallToolResult) -> str:
    (block,) = answer.content
    assert isinstance(block, TextContent)
    return block.text


@every_tool
@pytest.mark.parametrize("confirm", ["auto", "always"])
async def test_what_the_person_agrees_to_is_done(
    era: str, sandbox: Sandbox, account: Account, tool: str, confirm: str
) -> None:
    before, person = state(account), Person("accept", sandbox)
    async with connected_for(person, era, settings(confirm)) as agent:
        await agent.call(tool, **CALLS[tool])
    assert len(person.asked) == 1
    assert state(account) != before


@every_tool
@pytest.mark.parametrize(("confirm", "action"), [*product(["auto", "always"], ["decline", "cancel"])])
async def test_what_the_person_does_not_agree_to_changes_nothing_and_says_so(
    era: str, sandbox: Sandbox, account: Account, tool: str, confirm: str, action: Action
) -> None:
    before, person = state(account), Person(action, sandbox)
    async with connected_for(person, era, settings(confirm)) as agent:
        text = await agent.refused(tool, **CALLS[tool])
        assert {sent.method for sent in agent.sent} == {"GET"}
    assert text == f"{TITLES[tool]}: the person declined, and nothing was changed."
    assert len(person.asked) == 1
    assert state(account) == before


@every_tool
async def test_nothing_is_written_before_the_answer(era: str, sandbox: Sandbox, tool: str) -> None:
    person = Person("accept", sandbox)
    async with connected_for(person, era, settings()) as agent:
        await agent.call(tool, **CALLS[tool])
    assert set(person.sent_before) == {"GET"}


@every_tool
@pytest.mark.parametrize("content", [None, {}, {"anything": "else"}])
async def test_an_agreement_counts_whatever_the_empty_form_holds(
    era: str, sandbox: Sandbox, account: Account, tool: str, content: dict[str, str] | None
) -> None:
    before = state(account)
    person = Person("accept", sandbox, None if content is None else {**content})
    async with connected_for(person, era, settings()) as agent:
        await agent.call(tool, **CALLS[tool])
    assert state(account) != before


@every_tool
async def test_never_asks_nobody(era: str, sandbox: Sandbox, account: Account, tool: str) -> None:
    before, person = state(account), Person("decline", sandbox)
    async with connected_for(person, era, settings("never")) as agent:
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
    async with connected_for(person, era, settings(confirm)) as agent:
        await agent.call("create_a_flodesk_subscriber", email=JASPER.email, first_name="Jay")
        await agent.call("delete_a_flodesk_subscriber_by_id", id_or_email=JASPER.email, segment_ids=["Newsletter"])
    assert not person.asked


@every_tool
async def test_no_tool_takes_a_confirmation_that_a_model_could_give_itself(
    era: str, sandbox: Sandbox, account: Account, tool: str
) -> None:
    before, person = state(account), Person("decline", sandbox)
    async with connected_for(person, era, settings()) as agent:
        for argument in ("confirm", "confirmed", "force", "yes"):
            assert "Unknown argument" in await agent.refused(tool, **CALLS[tool], **{argument: True})
    assert state(account) == before


async def test_a_person_may_take_their_time(era: str, sandbox: Sandbox, account: Account) -> None:
    class Slow(Person):
        async def answer(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult | ErrorData:
            await anyio.sleep(600)
            sandbox.fail(Fault("status", status=503, method="POST"))  # so that the call itself has to wait, too
            return await super().answer(context, params)

    person = Slow("accept", sandbox)
    async with connected_for(person, era, settings()) as agent:
        await agent.call(UNSUBSCRIBE, **CALLS[UNSUBSCRIBE])
    assert account.subscribers[JASPER.id].status == "unsubscribed"


@every_tool
async def test_a_question_that_cannot_be_put_because_there_is_nothing_to_ask_about_is_an_error(
    era: str, sandbox: Sandbox, tool: str
) -> None:
    person = Person("accept", sandbox)
    unknown = {**CALLS[tool], "id" if tool != UNSUBSCRIBE else "id_or_email": "0" * 24}
    async with connected_for(person, era, settings()) as agent:
        assert "(404)" in await agent.refused(tool, **unknown)
        assert [sent.method for sent in agent.sent] == ["GET"]
    assert not person.asked


async def call_once(
    session: ClientSession, tool: str, arguments: dict[str, str], answers: InputResponses | None = None
) -> CallToolResult | InputRequiredResult:
    """Make one round of a call of the modern era, as the client's driver would."""
    return await session.call_tool(tool, arguments, input_responses=answers, allow_input_required=True)


def only_question(round_: CallToolResult | InputRequiredResult) -> tuple[str, str]:
    """Return the key and the text of the one question that a round ends in."""
    assert isinstance(round_, InputRequiredResult)
    ((key, request),) = (round_.input_requests or {}).items()
    assert isinstance(request, ElicitRequest)
    assert isinstance(request.params, ElicitRequestFormParams)
    return key, request.params.message


YES = ElicitResult(action="accept", content={})


async def test_an_answer_counts_only_for_the_question_that_was_asked(sandbox: Sandbox, account: Account) -> None:
    async with connected_for(Person("accept", sandbox), MODERN, settings()) as agent:
        session = agent.client.session
        key, question = only_question(await call_once(session, UNSUBSCRIBE, CALLS[UNSUBSCRIBE]))
        account.subscribers[JASPER.id].first_name = "Somebody"
        new_key, new_question = only_question(await call_once(session, UNSUBSCRIBE, CALLS[UNSUBSCRIBE], {key: YES}))
        assert (key, question) != (new_key, new_question)
        assert "Somebody" in new_question
        assert account.subscribers[JASPER.id].status == "active"
        done = await call_once(session, UNSUBSCRIBE, CALLS[UNSUBSCRIBE], {key: YES, new_key: YES})
        assert isinstance(done, CallToolResult)
    assert account.subscribers[JASPER.id].status == "unsubscribed"


async def test_an_answer_does_not_count_for_other_arguments_even_where_the_question_shows_no_difference(
    sandbox: Sandbox, account: Account
) -> None:
    shown, before = "https://new.example.com/" + "x" * 300, state(account)
    async with connected_for(Person("accept", sandbox), MODERN, settings()) as agent:
        session = agent.client.session
        first = await call_once(session, UPDATE, {"id": WEBHOOK, "post_url": shown + "a"})
        key, question = only_question(first)
        second = await call_once(session, UPDATE, {"id": WEBHOOK, "post_url": shown + "b"}, {key: YES})
        assert only_question(second)[1] == question
    assert state(account) == before


@pytest.mark.parametrize("key", ["confirm", "confirm-", "confirm-0000000000000000", "", "accept"])
async def test_an_answer_to_another_key_does_not_pass(sandbox: Sandbox, account: Account, key: str) -> None:
    async with connected_for(Person("accept", sandbox), MODERN, settings()) as agent:
        round_ = await call_once(agent.client.session, UNSUBSCRIBE, CALLS[UNSUBSCRIBE], {key: YES})
        only_question(round_)
    assert account.subscribers[JASPER.id].status == "active"


def declare(monkeypatch: pytest.MonkeyPatch, elicitation: ElicitationCapability | None) -> None:
    """Let the client declare what the SDK's, which can show forms and open addresses, never would."""
    monkeypatch.setattr(ClientSession, "_build_capabilities", lambda *_: ClientCapabilities(elicitation=elicitation))


@pytest.mark.parametrize("elicitation", [None, ElicitationCapability(url=UrlElicitationCapability())])
async def test_a_client_that_shows_no_forms_cannot_ask(
    era: str,
    sandbox: Sandbox,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    elicitation: ElicitationCapability | None,
) -> None:
    declare(monkeypatch, elicitation)
    async with connected_for(Person("accept", sandbox), era, settings("always")) as agent:
        assert "this client cannot ask one." in await agent.refused(UNSUBSCRIBE, **CALLS[UNSUBSCRIBE])
    assert account.subscribers[JASPER.id].status == "active"


async def test_a_client_that_declares_elicitation_without_saying_which_can_ask(
    era: str, sandbox: Sandbox, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(monkeypatch, ElicitationCapability())
    async with connected_for(Person("accept", sandbox), era, settings("always")) as agent:
        await agent.call(UNSUBSCRIBE, **CALLS[UNSUBSCRIBE])
    assert account.subscribers[JASPER.id].status == "unsubscribed"


class OneWay:
    """A client's way to the server on which the server can answer, and not ask."""

    def __init__(self, stream: WriteStream[SessionMessage]) -> None:
        self._stream = stream

    async def send(self, item: SessionMessage, /) -> None:
        await self._stream.send(SessionMessage(item.message, ServerMessageMetadata(can_send_request=False)))

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


@asynccontextmanager
async def one_way(server: MCPServer[Any]) -> AsyncIterator[tuple[ReadStream[SessionMessage | Exception], OneWay]]:
    async with InMemoryTransport(server) as (read, write):
        yield read, OneWay(write)


@pytest.mark.parametrize("confirm", ["auto", "always"])
async def test_a_legacy_client_that_cannot_be_reached_with_a_question_cannot_ask(
    sandbox: Sandbox, account: Account, confirm: str
) -> None:
    person, chosen = Person("decline", sandbox), settings(confirm)
    server = build_server(lambda: one_account(chosen, sandbox.transport()))
    async with Client(one_way(server), mode="legacy", elicitation_callback=person.answer) as client:
        answer = await client.call_tool(UNSUBSCRIBE, dict(CALLS[UNSUBSCRIBE]))
    assert not person.asked
    if confirm == "auto":
        assert account.subscribers[JASPER.id].status == "unsubscribed"
    else:
        assert text_of(answer).endswith("this client cannot ask one.")
        assert account.subscribers[JASPER.id].status == "active"
