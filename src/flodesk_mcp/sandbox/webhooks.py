"""Webhooks: list, create, read, change, delete. No answer holds a name or a secret."""

from typing import Annotated, Any

from pydantic import Field
from starlette.responses import Response

from flodesk_mcp.sandbox.account import Webhook, WebhookEvent
from flodesk_mcp.sandbox.answers import Refused, created, no_content, ok, page, timestamp
from flodesk_mcp.sandbox.operation import Call, Form, Operation

Name = Annotated[str, Field(min_length=1)]
PostUrl = Annotated[str, Field(pattern=r"^https://[^\s/]+\S*$")]
Events = Annotated[list[WebhookEvent], Field(min_length=1)]


class NewWebhookForm(Form):
    """A new webhook, complete."""

    name: Name
    post_url: PostUrl
    events: Events


class WebhookChangesForm(Form):
    """What is to be different; the rest stays."""

    name: Name | None = None
    post_url: PostUrl | None = None
    events: Events | None = None


def list_webhooks(call: Call) -> Response:
    """List all webhooks."""
    return ok(page(list(call.account.webhooks.values()), call.query, _show))


def create_webhook(call: Call) -> Response:
    """Create a webhook."""
    form = call.form(NewWebhookForm)
    webhook = Webhook(call.account.new_id("webhook"), form.name, form.post_url, form.events, created_at=call.now)
    call.account.webhooks[webhook.id] = webhook
    return created(_show(webhook))


def get_webhook(call: Call) -> Response:
    """Read one webhook."""
    return ok(_show(_webhook(call)))


def update_webhook(call: Call) -> Response:
    """Change what is given of a webhook."""
    webhook = _webhook(call)
    for name, value in call.form(WebhookChangesForm).model_dump(exclude_none=True).items():
        setattr(webhook, name, value)
    return ok(_show(webhook))


def delete_webhook(call: Call) -> Response:
    """Delete a webhook."""
    del call.account.webhooks[_webhook(call).id]
    return no_content()


def _webhook(call: Call) -> Webhook:
    webhook = call.account.webhooks.get(call.parameters["id"])
    if webhook is None:
        raise Refused(404, "Webhook not found.")
    return webhook


def _show(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "post_url": webhook.post_url,
        "events": list(webhook.events),
        "created_at": timestamp(webhook.created_at),
    }


OPERATIONS = (
    Operation("GET", "/v1/webhooks", list_webhooks),
    Operation("POST", "/v1/webhooks", create_webhook),
    Operation("GET", "/v1/webhooks/{id}", get_webhook),
    Operation("PUT", "/v1/webhooks/{id}", update_webhook),
    Operation("DELETE", "/v1/webhooks/{id}", delete_webhook),
)
