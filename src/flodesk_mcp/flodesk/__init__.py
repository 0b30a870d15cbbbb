"""A client for the Flodesk API, usable on its own: nothing in here knows of MCP."""

from flodesk_mcp.flodesk.auth import AccessToken, ApiKey, Credential
from flodesk_mcp.flodesk.budget import call_budget
from flodesk_mcp.flodesk.client import BASE_URL, FlodeskClient
from flodesk_mcp.flodesk.errors import (
    BadRequest,
    FlodeskError,
    Forbidden,
    InvalidArgument,
    NoAnswer,
    NotFound,
    QuotaExhausted,
    ServerError,
    StatusError,
    Unauthorized,
    UnknownCustomField,
    UnreadableAnswer,
)
from flodesk_mcp.flodesk.models import (
    BatchFailure,
    BatchResult,
    Campaign,
    CampaignDraft,
    CanvaDesign,
    CustomField,
    Page,
    Profile,
    Segment,
    SegmentRef,
    Subscriber,
    Webhook,
    Workflow,
)
from flodesk_mcp.flodesk.quota import Quota
from flodesk_mcp.flodesk.transport import open_http

__all__ = [
    "BASE_URL",
    "AccessToken",
    "ApiKey",
    "BadRequest",
    "BatchFailure",
    "BatchResult",
    "Campaign",
    "CampaignDraft",
    "CanvaDesign",
    "Credential",
    "CustomField",
    "FlodeskClient",
    "FlodeskError",
    "Forbidden",
    "InvalidArgument",
    "NoAnswer",
    "NotFound",
    "Page",
    "Profile",
    "Quota",
    "QuotaExhausted",
    "Segment",
    "SegmentRef",
    "ServerError",
    "StatusError",
    "Subscriber",
    "Unauthorized",
    "UnknownCustomField",
    "UnreadableAnswer",
    "Webhook",
    "Workflow",
    "call_budget",
    "open_http",
]
