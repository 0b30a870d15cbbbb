"""What a person is asked before something that cannot be undone, with values from Flodesk and not from the model."""

from typing import Any

from flodesk_mcp.flodesk import FlodeskClient, InvalidArgument, NotFound, Webhook
from flodesk_mcp.tools.masking import masked_person
from flodesk_mcp.tools.visible import visible
from flodesk_mcp.tools.webhook_posting import without_secret

__all__ = ["about_clearing", "about_deleting_webhook", "about_unsubscribing", "about_updating_webhook"]

MAX_SHOWN = 200


async def about_unsubscribing(flodesk: FlodeskClient, mask: bool, *, id_or_email: str) -> str:
    """Ask about the end of all mail to a person."""
    person = await flodesk.subscribers.get(id_or_email)
    if mask:
        person = masked_person(person)
    name = " ".join(part for part in (person.first_name, person.last_name) if part)
    who = f"{_shown(name)}, {_shown(person.email)}" if name else _shown(person.email or person.id)
    return (
        f"Unsubscribe {who} (now {_shown(person.status)}) from all mail? "
        "This cannot be undone: only the person can subscribe again, through a form."
    )


async def about_clearing(
    flodesk: FlodeskClient, _mask: bool, *, email: str | None, id: str | None, clear_fields: list[str], **_: Any
) -> str | None:
    """Ask about values that are to be erased; nothing where there is nobody yet who could lose them."""
    try:
        person = await flodesk.subscribers.get(id or email or "")
    except NotFound:
        return None
    fields = ", ".join(_shown(name) for name in clear_fields)
    return f"Erase {fields} of {_shown(person.email or person.id)}? The values cannot be brought back."


async def about_updating_webhook(flodesk: FlodeskClient, _: bool, *, id: str, **changes: Any) -> str:
    """Ask about the redirection of a feed."""
    if not any(changes.values()):
        raise InvalidArgument("At least one of name, post_url and events is needed.")
    asked = "; ".join(f"{name} becomes {_shown(value)}" for name, value in changes.items() if value)
    return (
        f"Change the webhook {_described(await flodesk.webhooks.get(id))}? Its {asked}. "
        "It can be changed back, but events of the meantime go to the new receiver only."
    )


async def about_deleting_webhook(flodesk: FlodeskClient, _: bool, *, id: str) -> str:
    """Ask about the end of a feed."""
    return (
        f"Delete the webhook {_described(await flodesk.webhooks.get(id))}? "
        "This cannot be undone, and events of the meantime are lost to the receiver."
    )


def _described(webhook: Webhook) -> str:
    return f"that posts {_shown(', '.join(webhook.events or []))} to {_shown(without_secret(webhook).post_url)}"


def _shown(value: Any) -> str:
    """Quote what strangers may have typed, so that it cannot pass for our words."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value or "unknown")
    seen = visible(text)
    return repr(seen if len(seen) <= MAX_SHOWN else f"{seen[:MAX_SHOWN]}…")
