"""The arguments that tools share: each described and bounded once."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

from flodesk_mcp.tools.given import Arguments, FromJson
from flodesk_mcp.tools.webhook_address import public_https

__all__ = [
    "CampaignId",
    "CampaignSearch",
    "CampaignStatus",
    "ClearFields",
    "Color",
    "ConditionRow",
    "Conditions",
    "CustomFieldValues",
    "Days",
    "DoubleOptin",
    "Email",
    "Events",
    "ExportFile",
    "FieldLabel",
    "FileFormat",
    "FirstName",
    "Html",
    "IdOrEmail",
    "JobId",
    "LastName",
    "Limit",
    "Match",
    "Named",
    "NextCursor",
    "OptinIp",
    "OptinTimestamp",
    "PostUrl",
    "Refresh",
    "SegmentId",
    "SegmentIds",
    "SegmentName",
    "Status",
    "SubscriberFields",
    "SubscriberId",
    "SubscriberRow",
    "SubscriberRows",
    "Title",
    "WaitSeconds",
    "WebhookId",
    "WebhookName",
    "WorkflowId",
    "WorkflowStatuses",
    "WrongRow",
]


MAX_CUSTOM_FIELDS = 500


def _by_field(value: Any) -> Any:
    """Return custom fields as a map: of texts, numbers and booleans, given as a list of {field, value} or as a map."""
    if isinstance(value, list):
        pairs = [_pair(item) for item in value]
    elif isinstance(value, dict):
        pairs = list(value.items())
    else:
        raise ValueError("must be a list of {field, value}")  # noqa: TRY004 - pydantic expects it
    if len(pairs) > MAX_CUSTOM_FIELDS:
        raise ValueError(f"at most {MAX_CUSTOM_FIELDS} custom fields at once")
    by_field: dict[str, str] = {}
    for name, content in pairs:
        text = json.dumps(content) if isinstance(content, bool | int | float) else content
        if not (text is None or isinstance(text, str)):
            raise ValueError(f"the value of {name[:80]!r} must be a text")
        if text and by_field.setdefault(name, text) != text:
            raise ValueError(f"{name[:80]!r} is given twice, with different values")
    return by_field


def _pair(item: Any) -> tuple[str, Any]:
    if not (isinstance(item, dict) and isinstance(item.get("field"), str) and item.keys() <= {"field", "value"}):
        raise ValueError("each item must be {field, value}")
    return item["field"], item.get("value")


def _address(value: str) -> str:
    name, at, domain = value.rpartition("@")
    if not (name and at and domain) or any(c.isspace() for c in value):
        raise ValueError(f"{value[:80]!r} is not an e-mail address")
    return value


def _unless_all(value: str) -> str | None:
    """Return what to filter by. A model that must choose one, as strict converters want it, chooses "all"."""
    return None if value == "all" else value


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
Email = Annotated[str, Trimmed, AfterValidator(_address), Field(description="E-mail address.")]
FirstName = Annotated[str, Field(description="Given name.")]
LastName = Annotated[str, Field(description="Family name.")]
CustomFieldValues = Annotated[
    dict[str, str],
    BeforeValidator(_by_field),
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
    AfterValidator(_unless_all),
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
PostUrl = Annotated[str, Trimmed, AfterValidator(public_https), Field(description="An https address.")]
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


@dataclass(frozen=True)
class WrongRow:
    """A row of a batch that cannot be sent: it must not cost the others."""

    row: Any
    error: ValidationError

    def text(self, name: str) -> str | None:
        """Return what the row has under `name`, if that is a text."""
        value = self.row.get(name) if isinstance(self.row, dict) else None
        return value if isinstance(value, str) else None


def _row_or_why_not(row: Any, check: ValidatorFunctionWrapHandler) -> Any:
    try:
        return check(row)
    except ValidationError as error:
        return WrongRow(row, error)


SubscriberRows = Annotated[
    list[Annotated[SubscriberRow, WrapValidator(_row_or_why_not)]],
    FirstError,
    FromJson,
    Field(min_length=1, max_length=50, description="1 to 50 people, each by email or id."),
]

Operator = Literal[
    "is",
    "is_not",
    "contains",
    "starts_with",
    "ends_with",
    "before",
    "after",
    "in_last_days",
    "is_empty",
    "is_not_empty",
    "is_one_of",
]


class ConditionRow(Arguments):
    """One condition of a search."""

    field: Annotated[
        str,
        Trimmed,
        Field(
            max_length=300,
            description="email, first_name, last_name, status, source, created_at, segment, or a custom field.",
        ),
    ]
    operator: Operator
    value: Annotated[
        str, Field(max_length=1_000, description="Text; of is_one_of separated by |; a date: 2026-05-31.")
    ] = ""


Conditions = Annotated[
    list[ConditionRow],
    FirstError,
    FromJson,
    Field(min_length=1, max_length=20, description="Up to 20 conditions; default everybody."),
]
Days = Annotated[int, Field(ge=1, le=730, description="Sign-ups of so many days, 1 to 730; default 90.")]
Match = Annotated[Literal["all", "any"], Field(description="Meet all (default) or any of them.")]
FileFormat = Annotated[Literal["csv", "jsonl"], Field(description="Default csv.")]
ExportFile = Annotated[str, Trimmed, Field(max_length=1_000, description="Path of a new file in an open folder.")]
JobId = Annotated[str, Trimmed, Field(max_length=100, description="From the call that began it.")]
WaitSeconds = Annotated[int, Field(ge=0, le=25, description="0 to 25; default 0.")]
Refresh = Annotated[bool, Field(description="Read the list anew first; default no.")]

Html = Annotated[str, Field(min_length=1, description="The mail as HTML.")]
Title = Annotated[str, Trimmed, Field(description="Campaign title.")]
CampaignId = Annotated[str, Trimmed, Field(description="Draft to replace; without it, a new one.")]
CampaignSearch = Annotated[str, Trimmed, Field(description="Text to look for in names.")]
CampaignStatus = Annotated[
    Literal["all", "draft", "pending", "scheduled", "composing", "sending", "done", "failed"],
    AfterValidator(_unless_all),
    Field(description="Only this status; default all."),
]
