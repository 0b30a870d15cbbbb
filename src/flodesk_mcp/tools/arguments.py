"""The arguments that tools share: each described and bounded once."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

__all__ = [
    "CampaignId",
    "CampaignSearch",
    "CampaignStatus",
    "Color",
    "CustomFieldValues",
    "DoubleOptin",
    "Email",
    "Events",
    "FieldLabel",
    "FirstName",
    "Html",
    "IdOrEmail",
    "LastName",
    "Limit",
    "Named",
    "NextCursor",
    "OptinIp",
    "OptinTimestamp",
    "PostUrl",
    "SegmentId",
    "SegmentIds",
    "SegmentName",
    "Status",
    "SubscriberFields",
    "SubscriberId",
    "SubscriberRow",
    "SubscriberRows",
    "Title",
    "WebhookId",
    "WebhookName",
    "WorkflowId",
    "WorkflowStatuses",
]


def _decoded(value: Any) -> Any:
    """Decode a list or map that a client sent as a JSON string."""
    if isinstance(value, str):
        try:
            decoded = json.loads(value)
        except (ValueError, RecursionError):
            return value
        return decoded if isinstance(decoded, list | dict) else value
    return value


def _values_as_text(value: Any) -> Any:
    """Let numbers and booleans be given where Flodesk wants text."""
    if not isinstance(value, dict):
        return value
    return {key: json.dumps(item) if isinstance(item, bool | int | float) else item for key, item in value.items()}


def _address(value: str) -> str:
    name, at, domain = value.rpartition("@")
    if not (name and at and domain) or any(c.isspace() for c in value):
        raise ValueError(f"{value[:80]!r} is not an e-mail address")
    return value


def _https(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("must be a full https:// address")
    return value


@dataclass(frozen=True)
class Named:
    """Marks an argument that takes names for ids: of segments or of workflows."""

    kind: Literal["segment", "workflow"]


Trimmed = StringConstraints(strip_whitespace=True, min_length=1)
FromJson = BeforeValidator(_decoded)

Limit = Annotated[int, Field(ge=1, le=100, description="1 to 100 items; default 20.")]
NextCursor = Annotated[str, Field(description="From the previous page.")]

IdOrEmail = Annotated[str, Trimmed, Field(description="Id or e-mail address.")]
SubscriberId = Annotated[str, Trimmed, Field(description="Subscriber id.")]
Email = Annotated[str, Trimmed, AfterValidator(_address), Field(description="E-mail address.")]
FirstName = Annotated[str, Field(description="Given name.")]
LastName = Annotated[str, Field(description="Family name.")]
CustomFieldValues = Annotated[
    dict[str, str],
    BeforeValidator(_values_as_text),
    FromJson,
    Field(description="Values by key or label, at most 256 characters each."),
]
DoubleOptin = Annotated[bool, Field(description="New subscribers confirm by mail first; default no.")]
OptinIp = Annotated[str, Field(description="Opt-in IP address.")]
OptinTimestamp = Annotated[str, Field(description="ISO 8601 time.")]

SubscriberStatus = Literal["active", "unsubscribed", "unconfirmed", "bounced", "complained", "cleaned", "archived"]
Status = Annotated[SubscriberStatus, Field(description="Only this status (active gets mail); default all.")]
SubscriberField = Literal[
    "email",
    "status",
    "source",
    "first_name",
    "last_name",
    "segments",
    "custom_fields",
    "optin_ip",
    "optin_timestamp",
    "created_at",
]
SubscriberFields = Annotated[
    list[SubscriberField], FromJson, Field(min_length=1, description="Only these fields, and id.")
]

SegmentId = Annotated[str, Trimmed, Named("segment"), Field(description="Id or exact name.")]
SegmentIds = Annotated[
    list[Annotated[str, Trimmed]],
    FromJson,
    Named("segment"),
    Field(min_length=1, max_length=50, description="1 to 50 ids or exact names."),
]
SegmentName = Annotated[str, Trimmed, Field(description="Segment name.")]
Color = Annotated[str, Field(description="Hex code; default the palette's first.")]

WorkflowId = Annotated[str, Trimmed, Named("workflow"), Field(description="Id or exact name.")]
WorkflowStatuses = Annotated[
    list[Literal["active", "paused", "draft"]],
    FromJson,
    Field(min_length=1, description="Only these; default all."),
]

FieldLabel = Annotated[str, Trimmed, Field(description="Label, as people see it.")]

WebhookId = Annotated[str, Trimmed, Field(description="Webhook id.")]
WebhookName = Annotated[str, Trimmed, Field(description="Webhook name.")]
PostUrl = Annotated[str, Trimmed, AfterValidator(_https), Field(description="An https address.")]
Events = Annotated[
    list[Literal["subscriber.created", "subscriber.added_to_segment", "subscriber.unsubscribed"]],
    FromJson,
    Field(min_length=1, description="At least one event."),
]


class SubscriberRow(BaseModel):
    """One row of a batch."""

    model_config = ConfigDict(extra="forbid")

    email: Email | None = None
    id: SubscriberId | None = None
    first_name: FirstName | None = None
    last_name: LastName | None = None
    custom_fields: CustomFieldValues | None = None


SubscriberRows = Annotated[
    list[SubscriberRow],
    FromJson,
    Field(min_length=1, max_length=50, description="1 to 50 people, each by email or id."),
]

Html = Annotated[str, Field(min_length=1, description="The mail as HTML.")]
Title = Annotated[str, Trimmed, Field(description="Campaign title.")]
CampaignId = Annotated[str, Trimmed, Field(description="Draft to replace; without it, a new one.")]
CampaignSearch = Annotated[str, Trimmed, Field(description="Text to look for in names.")]
CampaignStatus = Annotated[
    Literal["draft", "pending", "scheduled", "composing", "sending", "done", "failed"],
    Field(description="Only this status; default all."),
]
