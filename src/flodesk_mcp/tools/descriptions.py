"""What agents are told of the properties of Flodesk's objects. The client's models have no words for agents."""

from collections.abc import Mapping

from pydantic import BaseModel

from flodesk_mcp.flodesk.models import (
    AccountSummary,
    Campaign,
    CampaignDraft,
    CustomField,
    Segment,
    Subscriber,
    Webhook,
)

__all__ = ["description_of"]

DESCRIPTIONS: Mapping[type[BaseModel], Mapping[str, str]] = {
    Subscriber: {
        "status": "Only an active person gets mail",
        "source": "How the person came onto the list",
        "segments": "Segments that the person is in",
        "custom_fields": "Values by the key of the field",
        "optin_ip": "IP address at the opt-in",
        "optin_timestamp": "Time of the opt-in",
        "created_at": "When the person joined the list",
    },
    Segment: {
        "total_active_subscribers": "How many active people are in it",
        "color": "Hex code in Flodesk's lists",
        "segment_type": "static or dynamic",
    },
    CustomField: {
        "key": "What custom_fields calls it",
        "label": "What people see",
    },
    Webhook: {
        "post_url": "Address that events are posted to",
        "events": "Names of the events",
    },
    Campaign: {
        "status": "draft, pending, scheduled, composing, sending, done or failed",
        "subject": "Subject line, may hold HTML",
    },
    CampaignDraft: {
        "url": "Where a person edits and sends it in Flodesk",
    },
    AccountSummary: {
        "credential": "API key or access token, and that it works",
        "email": "Address of the account's owner",
        "full_name": "Name of the account's owner",
        "requests_left": "Requests that may still be sent in this minute",
        "subscribers": "How many people, of every status",
        "active_subscribers": "How many people get mail",
        "segments": "How many segments there are",
    },
}
"""By model and field. A field whose name says it needs no words."""


def description_of(model: type[BaseModel], field: str) -> str | None:
    """Return what an agent is told of a field of `model`, or of a model that it extends."""
    return next((DESCRIPTIONS[kind][field] for kind in model.mro() if field in DESCRIPTIONS.get(kind, ())), None)
