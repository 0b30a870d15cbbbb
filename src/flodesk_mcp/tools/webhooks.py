"""Tools on webhooks."""

from functools import partial

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.flodesk import FlodeskClient, Webhook
from flodesk_mcp.tools.arguments import Events, Limit, NextCursor, PostUrl, WebhookId, WebhookName
from flodesk_mcp.tools.paging import listing
from flodesk_mcp.tools.questions import about_deleting_webhook, about_updating_webhook
from flodesk_mcp.tools.results import CreatedWebhook, Deleted, Listing
from flodesk_mcp.tools.spec import Toolset
from flodesk_mcp.tools.webhook_posting import (
    create_webhook,
    delete_webhook,
    page_of_webhooks,
    update_webhook,
    without_secret,
)

toolset = Toolset("webhooks", "webhooks", default=True)


@toolset.tool("List webhooks", "GET /webhooks")
async def list_all_flodesk_webhooks(
    caller: Caller, limit: Limit = 20, next_cursor: NextCursor | None = None
) -> Listing[Webhook]:
    """Show every webhook that is set up: where events get sent (the url it notifies). Names are not returned."""
    return await listing("list_webhooks", partial(page_of_webhooks, caller), limit, next_cursor)


@toolset.tool("Get a webhook", "GET /webhooks/{id}", target=("id",))
async def get_single_flodesk_webhook_by_id(flodesk: FlodeskClient, id: WebhookId) -> Webhook:
    """Show what one webhook does: the details of this hook, its url, and which events it listens to."""
    return without_secret(await flodesk.webhooks.get(id))


@toolset.tool(
    "Create a webhook",
    "POST /webhooks",
    target=("name", "post_url"),
)
async def create_a_flodesk_webhook(
    caller: Caller, name: WebhookName, post_url: PostUrl, events: Events
) -> CreatedWebhook:
    """Set up a webhook: ping a url whenever somebody unsubscribes, notify zapier when there is a new subscriber, or
    people are joining a segment. Unsigned: put a secret into the url.
    """
    return await create_webhook(caller, name, post_url, events)


@toolset.tool(
    "Update a webhook",
    "PUT /webhooks/{id}",
    target=("id",),
    destructive=True,
    idempotent=True,
    question=about_updating_webhook,
)
async def update_a_flodesk_webhook_by_id(
    caller: Caller,
    id: WebhookId,
    name: WebhookName | None = None,
    post_url: PostUrl | None = None,
    events: Events | None = None,
) -> Webhook:
    """Change a webhook: point the hook at a different url, our server moved so change the address, rename it, have that
    webhook fire for unsubscribes too; events replaces the list.
    """
    return await update_webhook(caller, id, name, post_url, events)


@toolset.tool(
    "Delete a webhook",
    "DELETE /webhooks/{id}",
    target=("id",),
    destructive=True,
    idempotent=True,
    question=about_deleting_webhook,
)
async def delete_a_flodesk_webhook_by_id(caller: Caller, id: WebhookId) -> Deleted:
    """Delete a webhook, get rid of an old hook that is not needed any longer: its address gets no more events. Cannot
    be undone.
    """
    await delete_webhook(caller, id)
    return Deleted(id=id, deleted=True)
