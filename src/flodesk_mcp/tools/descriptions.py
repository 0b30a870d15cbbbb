"""What agents are told of the properties of Flodesk's objects. The client's models have no words for agents."""

from collections.abc import Mapping

from pydantic import BaseModel

from flodesk_mcp.flodesk.models import (
    AccountSummary,
    Campaign,
    CampaignDraft,
    CustomField,
    Segment,
    SegmentRef,
    Subscriber,
    Webhook,
    Workflow,
)

__all__ = ["description_of"]

DESCRIPTIONS: Mapping[type[BaseModel], Mapping[str, str]] = {
    SegmentRef: {
        "id": "Id",
        "name": "Name",
    },
    Subscriber: {
        "id": "Id",
        "email": "Address",
        "status": "active gets mail",
        "source": "Origin",
        "first_name": "First",
        "last_name": "Last",
        "segments": "Theirs",
        "custom_fields": "By key",
        "optin_ip": "Opt-in",
        "optin_timestamp": "Time",
        "created_at": "Time",
    },
    Segment: {
        "id": "Id",
        "name": "Name",
        "total_active_subscribers": "People",
        "created_at": "Time",
        "color": "Hex",
        "segment_type": "static or dynamic",
    },
    Workflow: {
        "id": "Id",
        "name": "Name",
    },
    CustomField: {
        "key": "For custom_fields",
        "label": "For people",
    },
    Webhook: {
        "id": "Id",
        "post_url": "Receiver",
        "events": "Names",
        "created_at": "Time",
    },
    Campaign: {
        "id": "Id",
        "name": "Name",
        "status": "draft, pending, scheduled, composing, sending, done or failed",
        "subject": "Subject, may hold HTML",
        "created_at": "Time",
        "updated_at": "Time",
    },
    CampaignDraft: {
        "id": "Id",
        "url": "Where to edit and send it in Flodesk",
    },
    AccountSummary: {
        "credential": "API key or access token; it works",
        "email": "Of the owner",
        "full_name": "Of the owner",
        "requests_left": "In this minute",
        "subscribers": "Of every status",
        "active_subscribers": "Who get mail",
        "segments": "How many",
    },
}


def description_of(model: type[BaseModel], field: str) -> str | None:
    """Return what an agent is told of a field of `model`, or of a model that it extends."""
    return next((DESCRIPTIONS[kind][field] for kind in model.mro() if field in DESCRIPTIONS.get(kind, ())), None)
