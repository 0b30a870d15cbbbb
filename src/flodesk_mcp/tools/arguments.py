"""The arguments that tools share: each described and bounded once."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    WithJsonSchema,
    WrapValidator,
)

from flodesk_mcp.tools.given import Arguments, FromJson, address, by_field, row_or_why_not, unless_all
from flodesk_mcp.tools.webhook_address import here_or_public_https

__all__ = [
    "CampaignId",
    "CampaignSearch",
    "CampaignStatus",
    "ClearFields",
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


@dataclass(frozen=True)
class Named:
    """Marks an argument that takes names for ids: of segments or of workflows."""

    kind: Literal["segment", "workflow"]


Trimmed = StringConstraints(strip_whitespace=True, min_length=1)
FirstError = Field(fail_fast=True)
"""Of a list of a hundred thousand wrong items, the first is enough to know."""

Limit = Annotated[int, Field(ge=1, le=100, description="1 to 100 items; default 20.")]
NextCursor = Annotated[str, Field(description="From the previous page.")]

IdOrEmail = Annotated[str, Trimmed, Field(description="Id or e-mail address.")]
SubscriberId = Annotated[str, Trimmed, Field(description="Subscriber id.")]
Email = Annotated[str, Trimmed, AfterValidator(address), Field(description="E-mail address.")]
FirstName = Annotated[str, Field(description="Given name.")]
LastName = Annotated[str, Field(description="Family name.")]
CustomFieldValues = Annotated[
    dict[str, str],
    BeforeValidator(by_field),
    FromJson,
    WithJsonSchema(
        {
            "type": "array",
            "description": "Values of custom fields, at most 256 characters each.",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string", "description": "Key or label."},
                    "value": {"type": "string", "description": "Text."},
                },
                "required": ["field", "value"],
            },
        }
    ),
]
ClearFields = Annotated[
    list[Annotated[str, Trimmed]],
    FirstError,
    FromJson,
    Field(
        min_length=1,
        max_length=50,
        description="Up to 50 to erase: first_name, last_name or custom fields.",
    ),
]
DoubleOptin = Annotated[bool, Field(description="New subscribers confirm by mail first; default no.")]
OptinIp = Annotated[str, Field(description="Opt-in IP address.")]
OptinTimestamp = Annotated[str, Field(description="ISO 8601 time.")]

SubscriberStatus = Literal[
    "all", "active", "unsubscribed", "unconfirmed", "bounced", "complained", "cleaned", "archived"
]
Status = Annotated[
    SubscriberStatus,
    AfterValidator(unless_all),
    Field(description="Only this status (active gets mail); default all."),
]
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
    list[SubscriberField], FirstError, FromJson, Field(min_length=1, description="Only these fields, and id.")
]

SegmentId = Annotated[str, Trimmed, Named("segment"), Field(description="Id or exact name.")]
SegmentIds = Annotated[
    list[Annotated[str, Trimmed]],
    FirstError,
    FromJson,
    Named("segment"),
    Field(min_length=1, max_length=50, description="1 to 50 ids or exact names."),
]
SegmentName = Annotated[str, Trimmed, Field(description="Segment name.")]
Color = Annotated[str, Field(description="Hex code; default the palette's first.")]

WorkflowId = Annotated[str, Trimmed, Named("workflow"), Field(description="Id or exact name.")]
WorkflowStatuses = Annotated[
    list[Literal["active", "paused", "draft"]],
    FirstError,
    FromJson,
    Field(min_length=1, description="Only these; default all."),
]

FieldLabel = Annotated[str, Trimmed, Field(description="Label, as people see it.")]

WebhookId = Annotated[str, Trimmed, Field(description="Webhook id.")]
WebhookName = Annotated[str, Trimmed, Field(description="Webhook name.")]
PostUrl = Annotated[
    str, Trimmed, AfterValidator(here_or_public_https), Field(description="https or here (this server).")
]
Events = Annotated[
    list[Literal["subscriber.created", "subscriber.added_to_segment", "subscriber.unsubscribed"]],
    FirstError,
    FromJson,
    Field(min_length=1, description="At least one event."),
]


class SubscriberRow(Arguments):
    """One row of a batch."""

    email: Email | None = None
    id: SubscriberId | None = None
    first_name: FirstName | None = None
    last_name: LastName | None = None
    custom_fields: CustomFieldValues | None = None


SubscriberRows = Annotated[
    list[Annotated[SubscriberRow, WrapValidator(row_or_why_not)]],
    FirstError,
    FromJson,
    Field(min_length=1, max_length=50, description="1 to 50 people, each by email or id."),
]

Html = Annotated[str, Field(min_length=1, description="The mail as HTML.")]
Title = Annotated[str, Trimmed, Field(description="Campaign title.")]
CampaignId = Annotated[str, Trimmed, Field(description="Draft to replace; without it, a new one.")]
CampaignSearch = Annotated[str, Trimmed, Field(description="Text to look for in names.")]
CampaignStatus = Annotated[
    Literal["all", "draft", "pending", "scheduled", "composing", "sending", "done", "failed"],
    AfterValidator(unless_all),
    Field(description="Only this status; default all."),
]
