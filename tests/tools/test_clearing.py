"""Values that are erased on purpose: named, asked for, and compared with what Flodesk answers."""

from typing import Any

import pytest

from flodesk_mcp.sandbox import Account, Sandbox

from .agent import JASPER, NOTHING, Agent, connected
from .person import Action, Person

pytestmark = pytest.mark.anyio

SAVE = "create_a_flodesk_subscriber"


@pytest.fixture
def account(account: Account) -> Account:
    account.subscribers[JASPER.id].custom_fields = {"venue": "Barn", "birthday": "May 1"}
    return account


async def test_what_is_named_is_erased_and_nothing_else(agent: Agent, account: Account) -> None:
    data = await agent.call(SAVE, email=JASPER.email, clear_fields=["last_name", "Venue"])
    assert data["cleared"] == ["last_name", "Venue"]
    person = account.subscribers[JASPER.id]
    assert (person.first_name, person.last_name) == ("Jasper", "")
    assert person.custom_fields == {"venue": "", "birthday": "May 1"}
    assert "last_name" not in data
    assert data["custom_fields"] == {"birthday": "May 1"}
    assert agent.written[-1].body == {"email": JASPER.email, "last_name": "", "custom_fields": {"venue": ""}}


async def test_a_value_that_stays_is_reported(agent: Agent, account: Account) -> None:
    account.keeps_values = True
    data = await agent.call(SAVE, id=JASPER.id, clear_fields=["first_name", "birthday"], last_name="Quill")
    assert "cleared" not in data
    assert data["notice"] == "Flodesk did not erase first_name, birthday: a person can, in Flodesk."


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (
            {"first_name": "Ada", "clear_fields": ["first_name"]},
            "'first_name' is given a value and named in clear_fields",
        ),
        ({"custom_fields": {"venue": "Inn"}, "clear_fields": ["venue"]}, "'venue' is given a value and named"),
        ({"custom_fields": {"venue": "Inn"}, "clear_fields": ["Venue"]}, "'venue' is given twice"),
        ({"clear_fields": ["shoe size"]}, "The account has no custom field 'shoe size'."),
        ({"clear_fields": ["email"]}, "The account has no custom field 'email'."),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    agent: Agent, account: Account, given: dict[str, Any], complaint: str
) -> None:
    assert complaint in await agent.refused(SAVE, id=JASPER.id, **given)
    assert not agent.written


@pytest.mark.parametrize("action", ["accept", "decline", "cancel"])
async def test_a_person_is_asked_before_values_are_erased(
    era: str, sandbox: Sandbox, account: Account, action: Action
) -> None:
    person = Person(action, sandbox)
    async with connected(era, sandbox, person=person) as agent:
        answer = await agent.answer(SAVE, email=JASPER.email, clear_fields=["venue"])
    assert person.asked == [f"Erase 'venue' of {JASPER.email!r}? The values cannot be brought back."]
    assert answer.is_error is (action != "accept")
    assert account.subscribers[JASPER.id].custom_fields["venue"] == ("" if action == "accept" else "Barn")


async def test_nobody_is_asked_where_nothing_can_be_lost(era: str, sandbox: Sandbox, account: Account) -> None:
    person = Person("decline", sandbox)
    async with connected(era, sandbox, person=person, confirm="always") as agent:
        await agent.call(SAVE, email=JASPER.email, first_name="Jasper")
        await agent.call(SAVE, email="new@example.com", clear_fields=["first_name"])
    assert not person.asked


async def test_always_refuses_where_the_client_cannot_ask(era: str, sandbox: Sandbox, account: Account) -> None:
    async with connected(era, sandbox, confirm="always") as agent:
        await agent.call(SAVE, email=JASPER.email, first_name="Jasper")
        text = await agent.refused(SAVE, email=JASPER.email, clear_fields=["venue"])
    assert "this client cannot ask one." in text
    assert account.subscribers[JASPER.id].custom_fields["venue"] == "Barn"


async def test_an_unknown_person_of_whom_something_is_to_be_erased_is_not_found(agent: Agent) -> None:
    assert "(404)" in await agent.refused(SAVE, id=NOTHING, clear_fields=["first_name"])
