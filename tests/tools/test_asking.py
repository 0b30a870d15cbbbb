"""How a client is asked, in either era: which answers count, and who cannot be asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import pytest
from mcp import Client
from mcp.client._memory import InMemoryTransport
from mcp.client.session import ClientSession
from mcp.server.lowlevel.server import Server
from mcp.shared._stream_protocols import ReadStream, WriteStream
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from mcp_types import (
    CallToolResult,
    ClientCapabilities,
    ElicitationCapability,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
    InputResponses,
    UrlElicitationCapability,
)

from flodesk_mcp.sandbox import Account, Sandbox
from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings

from .agent import ERAS, JASPER, connected
from .examples import WEBHOOK
from .person import Person

pytestmark = pytest.mark.anyio

UNSUBSCRIBE, UPDATE = "unsubscribe_a_flodesk_subscriber", "update_a_flodesk_webhook_by_id"
JASPERS = {"id_or_email": JASPER.email}
MODERN = ERAS[-1]


async def call_once(
    session: ClientSession,
    tool: str,
    arguments: dict[str, str],
    answers: InputResponses | None = None,
    to: CallToolResult | InputRequiredResult | None = None,
) -> CallToolResult | InputRequiredResult:
    """Make one round of a call of the modern era, as the client's driver would; `to` is the round that asked."""
    state = to.request_state if isinstance(to, InputRequiredResult) else None
    return await session.call_tool(
        tool, arguments, input_responses=answers, request_state=state, allow_input_required=True
    )


def only_question(round_: CallToolResult | InputRequiredResult) -> tuple[str, str]:
    """Return the key and the text of the one question that a round ends in."""
    assert isinstance(round_, InputRequiredResult)
    ((key, request),) = (round_.input_requests or {}).items()
    assert isinstance(request, ElicitRequest)
    assert isinstance(request.params, ElicitRequestFormParams)
    return key, request.params.message


YES = ElicitResult(action="accept", content={})


async def test_an_answer_counts_only_for_the_question_that_was_asked(sandbox: Sandbox, account: Account) -> None:
    async with connected(MODERN, sandbox, person=Person("accept", sandbox), toolsets="all") as agent:
        session = agent.client.session
        first = await call_once(session, UNSUBSCRIBE, JASPERS)
        key, question = only_question(first)
        account.subscribers[JASPER.id].first_name = "Somebody"
        second = await call_once(session, UNSUBSCRIBE, JASPERS, {key: YES}, first)
        new_key, new_question = only_question(second)
        assert (key, question) != (new_key, new_question)
        assert "Somebody" in new_question
        assert account.subscribers[JASPER.id].status == "active"
        done = await call_once(session, UNSUBSCRIBE, JASPERS, {key: YES, new_key: YES}, second)
        assert isinstance(done, CallToolResult)
    assert account.subscribers[JASPER.id].status == "unsubscribed"


async def test_an_answer_does_not_count_for_other_arguments_even_where_the_question_shows_no_difference(
    sandbox: Sandbox, account: Account
) -> None:
    shown, before = "https://new.example.com/" + "x" * 300, repr(account.webhooks)
    async with connected(MODERN, sandbox, person=Person("accept", sandbox), toolsets="all") as agent:
        session = agent.client.session
        first = await call_once(session, UPDATE, {"id": WEBHOOK, "post_url": shown + "a"})
        key, question = only_question(first)
        with pytest.raises(MCPError, match="requestState"):
            await call_once(session, UPDATE, {"id": WEBHOOK, "post_url": shown + "b"}, {key: YES}, first)
        second = await call_once(session, UPDATE, {"id": WEBHOOK, "post_url": shown + "b"}, {key: YES})
        assert only_question(second)[1] == question
    assert repr(account.webhooks) == before


@pytest.mark.parametrize("answer", [YES, ElicitResult(action="decline")])
async def test_an_answer_counts_once(sandbox: Sandbox, account: Account, answer: ElicitResult) -> None:
    async with connected(MODERN, sandbox, person=Person("accept", sandbox), toolsets="all") as agent:
        session = agent.client.session
        asked = await call_once(session, UNSUBSCRIBE, JASPERS)
        key, _ = only_question(asked)
        assert isinstance(await call_once(session, UNSUBSCRIBE, JASPERS, {key: answer}, asked), CallToolResult)
        account.subscribers[JASPER.id].status = "active"
        for _ in range(2):
            again = await call_once(session, UNSUBSCRIBE, JASPERS, {key: YES}, asked)
            assert only_question(again)[0] != key
    assert account.subscribers[JASPER.id].status == "active"


async def test_an_answer_without_what_came_with_the_question_asks_again(sandbox: Sandbox, account: Account) -> None:
    async with connected(MODERN, sandbox, person=Person("accept", sandbox), toolsets="all") as agent:
        session = agent.client.session
        key, _ = only_question(await call_once(session, UNSUBSCRIBE, JASPERS))
        only_question(await call_once(session, UNSUBSCRIBE, JASPERS, {key: YES}))
    assert account.subscribers[JASPER.id].status == "active"


@pytest.mark.parametrize("key", ["confirm", "confirm-", "confirm-0000000000000000", "", "accept"])
async def test_an_answer_to_another_key_does_not_pass(sandbox: Sandbox, account: Account, key: str) -> None:
    async with connected(MODERN, sandbox, person=Person("accept", sandbox), toolsets="all") as agent:
        round_ = await call_once(agent.client.session, UNSUBSCRIBE, JASPERS, {key: YES})
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
    async with connected(era, sandbox, person=Person("accept", sandbox), toolsets="all", confirm="always") as agent:
        assert "this client cannot ask one." in await agent.refused(UNSUBSCRIBE, **JASPERS)
    assert account.subscribers[JASPER.id].status == "active"


async def test_a_client_that_declares_elicitation_without_saying_which_can_ask(
    era: str, sandbox: Sandbox, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(monkeypatch, ElicitationCapability())
    async with connected(era, sandbox, person=Person("accept", sandbox), toolsets="all", confirm="always") as agent:
        await agent.call(UNSUBSCRIBE, **JASPERS)
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
async def one_way(server: Server[Any]) -> AsyncIterator[tuple[ReadStream[SessionMessage | Exception], OneWay]]:
    async with InMemoryTransport(server) as (read, write):
        yield read, OneWay(write)


@pytest.mark.parametrize("confirm", ["auto", "always"])
async def test_a_client_that_could_ask_and_is_not_reached_is_refused(
    sandbox: Sandbox, account: Account, confirm: str
) -> None:
    person = Person("decline", sandbox)
    chosen = Settings.model_validate({"sandbox": True, "toolsets": "all", "confirm": confirm})
    server = single_server(chosen, sandbox.transport())
    async with Client(one_way(server), mode="legacy", elicitation_callback=person) as client:
        answer = await client.call_tool(UNSUBSCRIBE, JASPERS)
    assert not person.asked
    assert answer.is_error
    assert "was refused, and nothing was changed" in str(answer.content)
    assert "cannot ask" not in str(answer.content)
    assert account.subscribers[JASPER.id].status == "active"
