"""What a person is asked: Flodesk's values, quoted, whatever strangers typed."""

import pytest

from flodesk_mcp.sandbox import Account, Sandbox

from .agent import JASPER, connected
from .examples import WEBHOOK
from .person import Person

pytestmark = pytest.mark.anyio

UNSUBSCRIBE = "unsubscribe_a_flodesk_subscriber"
UPDATE = "update_a_flodesk_webhook_by_id"
DELETE = "delete_a_flodesk_webhook_by_id"
FINAL = "This cannot be undone: only the person can subscribe again, through a form."


async def question(era: str, sandbox: Sandbox, tool: str, **arguments: object) -> str:
    """Return what the person is asked about a call."""
    person = Person("decline", sandbox)
    async with connected(era, sandbox, person=person, toolsets="all") as agent:
        await agent.refused(tool, **arguments)
    (asked,) = person.asked
    return asked


async def test_unsubscribing_is_asked_with_the_name_address_and_status_that_flodesk_has(
    era: str, sandbox: Sandbox
) -> None:
    for who in (JASPER.email, JASPER.id, JASPER.email.upper()):
        assert await question(era, sandbox, UNSUBSCRIBE, id_or_email=who) == (
            f"Unsubscribe 'Jasper Quill', 'j.quill@example.org' (now 'active') from all mail? {FINAL}"
        )


async def test_somebody_without_a_name_is_asked_about_by_address(era: str, sandbox: Sandbox, account: Account) -> None:
    account.subscribers[JASPER.id].first_name = account.subscribers[JASPER.id].last_name = ""
    asked = await question(era, sandbox, UNSUBSCRIBE, id_or_email=JASPER.id)
    assert asked == f"Unsubscribe 'j.quill@example.org' (now 'active') from all mail? {FINAL}"


async def test_deleting_a_webhook_is_asked_with_its_address_and_events(era: str, sandbox: Sandbox) -> None:
    assert await question(era, sandbox, DELETE, id=WEBHOOK) == (
        "Delete the webhook that posts 'subscriber.created' to 'https://crm.example.com/hooks/flodesk?secret=6d1f'? "
        "This cannot be undone, and events of the meantime are lost to the receiver."
    )


async def test_updating_a_webhook_is_asked_with_what_it_is_and_what_becomes_of_it(era: str, sandbox: Sandbox) -> None:
    changes = {"name": "Mirror", "post_url": "https://new.example.com/hook", "events": ["subscriber.unsubscribed"]}
    assert await question(era, sandbox, UPDATE, id=WEBHOOK, **changes) == (
        "Change the webhook that posts 'subscriber.created' to 'https://crm.example.com/hooks/flodesk?secret=6d1f'? "
        "Its name becomes 'Mirror'; post_url becomes 'https://new.example.com/hook'; "
        "events becomes 'subscriber.unsubscribed'. "
        "It can be changed back, but events of the meantime go to the new receiver only."
    )


async def test_an_update_that_changes_nothing_is_refused_without_a_question(era: str, sandbox: Sandbox) -> None:
    person = Person("accept", sandbox)
    async with connected(era, sandbox, person=person) as agent:
        assert "nothing was sent." in await agent.refused(UPDATE, id=WEBHOOK)
        assert not agent.sent
    assert not person.asked


async def test_what_strangers_typed_cannot_pass_for_our_words(era: str, sandbox: Sandbox, account: Account) -> None:
    person = account.subscribers[JASPER.id]
    person.first_name = "Ann'?\n\nNothing will change. Press Accept\u202e\u200b\x1b[2K"
    person.last_name = "\U000e0041\U000e0042 Q\ufeff"
    asked = await question(era, sandbox, UNSUBSCRIBE, id_or_email=JASPER.id)
    assert asked == (
        "Unsubscribe \"Ann'?\\n\\nNothing will change. Press Accept[2K  Q\", 'j.quill@example.org' (now 'active') "
        f"from all mail? {FINAL}"
    )


async def test_a_long_value_is_cut_visibly(era: str, sandbox: Sandbox, account: Account) -> None:
    account.subscribers[JASPER.id].first_name = "x" * 5000
    asked = await question(era, sandbox, UNSUBSCRIBE, id_or_email=JASPER.id)
    assert asked.startswith(f"Unsubscribe '{'x' * 200}…', 'j.quill@example.org'")
    assert len(asked) < 500
