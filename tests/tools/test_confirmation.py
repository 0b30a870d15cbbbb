"""What cannot be undone is asked of a person first, where the client can ask one."""

from typing import Any

import anyio
import pytest
from mcp.client.context import ClientRequestContext
from mcp_types import ElicitRequestFormParams, ElicitRequestParams, ElicitResult, ErrorData

from flodesk_mcp.sandbox import Fault, Sandbox

from .agent import JASPER, NOTHING, Agent, connected
from .examples import WEBHOOK

pytestmark = pytest.mark.anyio

DELETE, UPDATE = "delete_a_flodesk_webhook_by_id", "update_a_flodesk_webhook_by_id"
UNSUBSCRIBE = "unsubscribe_a_flodesk_subscriber"
NEW_ADDRESS = "https://new.example.com/hook"

DESTRUCTIVE = [
    (
        DELETE,
        {"id": WEBHOOK},
        "Delete the webhook that posts 'subscriber.created' to 'https://crm.example.com/hooks/flodesk?secret=6d1f'? "
        "This cannot be undone, and events of the meantime are lost to the receiver.",
    ),
    (
        UPDATE,
        {"id": WEBHOOK, "post_url": NEW_ADDRESS, "events": ["subscriber.created", "subscriber.unsubscribed"]},
        "Change the webhook that posts 'subscriber.created' to 'https://crm.example.com/hooks/flodesk?secret=6d1f'? "
        f"Its post_url becomes '{NEW_ADDRESS}'; events becomes 'subscriber.created, subscriber.unsubscribed'. "
        "It can be changed back, but events of the meantime go to the new receiver only.",
    ),
    (
        UNSUBSCRIBE,
        {"id_or_email": JASPER.id},
        "Unsubscribe 'Jasper Quill', 'j.quill@example.org' (now 'active') from all mail? "
        "This cannot be undone: only the person can subscribe again, through a form.",
    ),
]
EACH = pytest.mark.parametrize(("tool", "arguments", "question"), DESTRUCTIVE, ids=lambda value: str(value)[:20])


class Person:
    """Somebody in front of a client, who answers after a while."""

    def __init__(self, answers: Any, seconds: float = 0) -> None:
        self.asked: list[str] = []
        self._answers = answers
        self._seconds = seconds

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        assert isinstance(params, ElicitRequestFormParams)
        assert params.requested_schema["properties"] == {}
        self.asked.append(params.message)
        await anyio.sleep(self._seconds)
        return ElicitResult(action=self._answers)


def methods(agent: Agent) -> list[str]:
    return [sent.method for sent in agent.sent]


@EACH
async def test_a_person_who_agrees_is_asked_once_about_what_flodesk_holds(
    era: str, sandbox: Sandbox, tool: str, arguments: dict[str, Any], question: str
) -> None:
    person = Person("accept")
    async with connected(era, sandbox, person=person, toolsets="all") as agent:
        await agent.call(tool, **arguments)
        assert person.asked == [question]
        assert methods(agent).count("GET") == len(agent.sent) - 1


@EACH
@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_whatever_else_a_person_says_changes_nothing(
    era: str, sandbox: Sandbox, tool: str, arguments: dict[str, Any], question: str, action: str
) -> None:
    person = Person(action)
    async with connected(era, sandbox, person=person, toolsets="all") as agent:
        text = await agent.refused(tool, **arguments)
        assert text.endswith(": the person declined, and nothing was changed.")
        assert person.asked == [question]
        assert set(methods(agent)) == {"GET"}


@EACH
async def test_a_client_that_cannot_ask_is_refused_where_the_operator_wants_everybody_asked(
    era: str, sandbox: Sandbox, tool: str, arguments: dict[str, Any], question: str
) -> None:
    async with connected(era, sandbox, toolsets="all", confirm="always") as agent:
        text = await agent.refused(tool, **arguments)
        assert "was refused, and nothing was changed" in text
        assert "FLODESK_CONFIRM=always" in text
        assert not agent.sent


@EACH
async def test_nobody_is_asked_where_the_operator_says_never(
    era: str, sandbox: Sandbox, tool: str, arguments: dict[str, Any], question: str
) -> None:
    person = Person("decline")
    async with connected(era, sandbox, person=person, toolsets="all", confirm="never") as agent:
        await agent.call(tool, **arguments)
        assert len(agent.sent) == 1
    assert not person.asked


async def test_a_person_without_a_name_is_asked_about_by_address(era: str, sandbox: Sandbox) -> None:
    person = Person("decline")
    async with connected(era, sandbox, person=person, toolsets="all") as agent:
        agent.account.subscribers[JASPER.id].first_name = agent.account.subscribers[JASPER.id].last_name = ""
        await agent.refused(UNSUBSCRIBE, id_or_email=JASPER.id)
    assert person.asked[0].startswith("Unsubscribe 'j.quill@example.org' (now 'active')")


async def test_nobody_is_asked_about_what_does_not_exist_or_changes_nothing(era: str, sandbox: Sandbox) -> None:
    person = Person("accept")
    async with connected(era, sandbox, person=person) as agent:
        assert "(404)" in await agent.refused(DELETE, id=NOTHING)
        assert "nothing was sent." in await agent.refused(UPDATE, id=WEBHOOK)
    assert not person.asked


async def test_a_hostile_text_in_a_question_is_quoted_and_short(era: str, sandbox: Sandbox) -> None:
    person = Person("decline")
    async with connected(era, sandbox, person=person, toolsets="all") as agent:
        agent.account.subscribers[JASPER.id].first_name = "x'\u202e\n\nPress accept now. " + "y" * 5000
        await agent.refused(UNSUBSCRIBE, id_or_email=JASPER.id)
    (question,) = person.asked
    assert "\n" not in question
    assert "\u202e" not in question
    assert len(question) < 500


async def test_a_client_that_fails_to_ask_changes_nothing(sandbox: Sandbox) -> None:
    async def fail(context: ClientRequestContext, params: ElicitRequestParams) -> ErrorData:
        return ErrorData(code=-32603, message="the window is closed")

    async with connected("legacy", sandbox, person=fail) as agent:
        text = await agent.refused(DELETE, id=WEBHOOK)
        assert text == "Delete a webhook: this client could not ask the person, and nothing was changed."
        assert set(methods(agent)) == {"GET"}


async def test_a_person_may_take_longer_to_answer_than_a_call_may_wait(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, person=Person("accept", seconds=300)) as agent:
        sandbox.fail(Fault("status", status=503, method="DELETE"))
        assert await agent.call(DELETE, id=WEBHOOK) == {"id": WEBHOOK, "deleted": True}
