"""Tools on webhooks."""

from flodesk_mcp.flodesk import FlodeskClient, Webhook
from flodesk_mcp.tools.arguments import Events, Limit, NextCursor, PostUrl, WebhookId, WebhookName
from flodesk_mcp.tools.paging import listing
from flodesk_mcp.tools.questions import about_deleting_webhook, about_updating_webhook
from flodesk_mcp.tools.results import CreatedWebhook, Deleted, Listing, notice_of_twins
from flodesk_mcp.tools.spec import Toolset

toolset = Toolset("webhooks", "webhooks", default=True)


@toolset.tool("List webhooks", "GET /webhooks")
async def list_all_flodesk_webhooks(
    flodesk: FlodeskClient, limit: Limit = 20, next_cursor: NextCursor | None = None
) -> Listing[Webhook]:
    """Show every webhook that is set up: where events get sent (the url it notifies). Names are not returned."""
    return await listing("list_webhooks", flodesk.webhooks.list, limit, next_cursor)


@toolset.tool("Get a webhook", "GET /webhooks/{id}", target=("id",))
async def get_single_flodesk_webhook_by_id(flodesk: FlodeskClient, id: WebhookId) -> Webhook:
    """Show what one webhook does: the details of this hook, its url, and which events it is listening to."""
    return await flodesk.webhooks.get(id)


@toolset.tool(
    "Create a webhook",
    "POST /webhooks",
    target=("name", "post_url"),
)
async def create_a_flodesk_webhook(
    flodesk: FlodeskClient, name: WebhookName, post_url: PostUrl, events: Events
) -> CreatedWebhook:
    """Set up a webhook: ping a url whenever somebody unsubscribes, notify zapier when there is a new subscriber, or
    people are joining a segment. Flodesk signs nothing: put a secret into the url.
    """
    made = await flodesk.webhooks.create(name, post_url, events)
    existed = "A webhook with this address and these events existed before"
    notice = await notice_of_twins(made.id, flodesk.webhooks.ids_of(post_url, events), existed)
    return CreatedWebhook.model_validate(made.model_dump() | {"notice": notice})


@toolset.tool(
    "Update a webhook",
    "PUT /webhooks/{id}",
    target=("id",),
    destructive=True,
    idempotent=True,
    question=about_updating_webhook,
)
async def update_a_flodesk_webhook_by_id(
    flodesk: FlodeskClient,
    id: WebhookId,
    name: WebhookName | None = None,
    post_url: PostUrl | None = None,
    events: Events | None = None,
) -> Webhook:
    """Change a webhook: point the hook at a different url, our server moved so change the address, rename it, have that
    webhook fire for unsubscribes too; events replaces the list.
    """
    return await flodesk.webhooks.update(id, name=name, post_url=post_url, events=events)


@toolset.tool(
    "Delete a webhook",
    "DELETE /webhooks/{id}",
    target=("id",),
    destructive=True,
    idempotent=True,
    question=about_deleting_webhook,
)
async def delete_a_flodesk_webhook_by_id(flodesk: FlodeskClient, id: WebhookId) -> Deleted:
    """Delete a webhook, get rid of an old hook that is not needed any longer: its address gets no more events. Cannot
    be undone.
    """
    await flodesk.webhooks.delete(id)
    return Deleted(id=id, deleted=True)
