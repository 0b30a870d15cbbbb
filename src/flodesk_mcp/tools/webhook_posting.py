"""Where webhooks post: to somebody else's address, or here, where a secret in the address is nobody's to see."""

import re
from collections.abc import Sequence

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.flodesk import NotFound, Page, Webhook
from flodesk_mcp.tools.event_listing import events_of
from flodesk_mcp.tools.results import CreatedWebhook, notice_of_twins
from flodesk_mcp.tools.webhook_address import HERE

__all__ = ["create_webhook", "delete_webhook", "page_of_webhooks", "update_webhook", "without_secret"]

_OWN = re.compile(r"(/webhooks/[^/]+/)fmcp_hook_[A-Za-z0-9_-]+")
"""An address of a server like this one."""

EXISTED = "A webhook with this address and these events existed before"
POSTS_HERE = "A webhook that posts these events here existed before"


def without_secret(webhook: Webhook) -> Webhook:
    """Return a webhook as anybody may see it."""
    hidden = _OWN.sub(r"\1***", webhook.post_url or "")
    return webhook if hidden == webhook.post_url else webhook.model_copy(update={"post_url": hidden or None})


async def page_of_webhooks(caller: Caller, *, page: int, per_page: int) -> Page[Webhook]:
    """Return one page of webhooks as anybody may see them. Raises FlodeskError."""
    found = await caller.flodesk.webhooks.list(page=page, per_page=per_page)
    return found.model_copy(update={"data": [without_secret(webhook) for webhook in found.data]})


async def create_webhook(caller: Caller, name: str, post_url: str, events: Sequence[str]) -> CreatedWebhook:
    """Make a webhook, and say whether there was one like it. Raises FlodeskError."""
    flodesk = caller.flodesk
    if post_url == HERE:
        made = without_secret(await events_of(caller).addresses.create(flodesk, name, events))
        existed, twins = POSTS_HERE, _posting_here(caller, str(made.post_url), events)
    else:
        made = await flodesk.webhooks.create(name, post_url, events)
        existed, twins = EXISTED, flodesk.webhooks.ids_of(post_url, events)
    notice = await notice_of_twins(made.id, twins, existed)
    return CreatedWebhook.model_validate(made.model_dump() | {"notice": notice})


async def update_webhook(
    caller: Caller, id: str, name: str | None, post_url: str | None, events: Sequence[str] | None
) -> Webhook:
    """Change a webhook. One that posts elsewhere from now on posts here no more. Raises FlodeskError."""
    if post_url == HERE:
        return without_secret(await events_of(caller).addresses.point_here(caller.flodesk, id, name, events))
    changed = await caller.flodesk.webhooks.update(id, name=name, post_url=post_url, events=events)
    if post_url is not None:
        await _end(caller, id)
    return without_secret(changed)


async def delete_webhook(caller: Caller, id: str) -> None:
    """Delete a webhook; what it may have posted here ends with it. Raises FlodeskError."""
    try:
        await caller.flodesk.webhooks.delete(id)
    except NotFound:
        await _end(caller, id)
        raise
    await _end(caller, id)


async def _end(caller: Caller, id: str) -> None:
    if caller.events is not None:
        await caller.events.addresses.end(id)


async def _posting_here(caller: Caller, shown: str, events: Sequence[str]) -> set[str]:
    page = await page_of_webhooks(caller, page=1, per_page=100)
    return {each.id for each in page.data if each.post_url == shown and set(each.events or ()) == set(events)}
