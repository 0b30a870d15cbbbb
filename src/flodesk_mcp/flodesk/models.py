"""What Flodesk answers. Source: flodesk-api, Objects."""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BeforeValidator, Field

from flodesk_mcp.api.fields import NULL_IS_EMPTY, ROWS_OR_NONE, Count, Model, OptionalText, Personal, Text, TextMap

__all__ = [
    "AccountSummary",
    "BatchFailure",
    "BatchResult",
    "Campaign",
    "CampaignDraft",
    "CanvaDesign",
    "CustomField",
    "Meta",
    "Page",
    "Personal",
    "Profile",
    "Segment",
    "SegmentRef",
    "Subscriber",
    "Text",
    "Webhook",
    "Workflow",
]


class SegmentRef(Model):
    """A segment that a subscriber is in."""

    id: Text
    name: OptionalText = None


class Subscriber(Model):
    """A person on the list."""

    id: Text
    email: Annotated[OptionalText, Personal.ADDRESS] = None
    status: OptionalText = None
    source: OptionalText = None
    first_name: Annotated[OptionalText, Personal.NAME] = None
    last_name: Annotated[OptionalText, Personal.NAME] = None
    segments: Annotated[list[SegmentRef] | None, ROWS_OR_NONE] = None
    custom_fields: Annotated[TextMap, Personal.VALUES] = None
    optin_ip: Annotated[OptionalText, Personal.IP] = None
    optin_timestamp: OptionalText = None
    created_at: OptionalText = None


class Segment(Model):
    """A named part of the audience."""

    id: Text
    name: OptionalText = None
    total_active_subscribers: Count = None
    created_at: OptionalText = None
    color: OptionalText = None
    segment_type: OptionalText = None


class Workflow(Model):
    """An automated sequence of mails. Only Flodesk's own pages can make or edit one."""

    id: Text
    name: OptionalText = None


class CustomField(Model):
    """A field that subscribers can have beside their names."""

    key: Text
    label: OptionalText = None


class Webhook(Model):
    """A subscription of an address to events. Flodesk's answers leave out its name."""

    id: Text
    post_url: OptionalText = None
    events: Annotated[list[Text] | None, ROWS_OR_NONE] = None
    created_at: OptionalText = None


class Campaign(Model):
    """A mailing. Not on Flodesk's published page: unstable."""

    id: Text
    name: OptionalText = None
    status: OptionalText = None
    subject: OptionalText = None
    created_at: OptionalText = None
    updated_at: OptionalText = None


class CampaignDraft(Model):
    """A draft that was made or replaced."""

    id: Text
    url: OptionalText = None


class CanvaDesign(Model):
    """The Canva design behind a campaign."""

    design_id: OptionalText = None
    campaign_id: OptionalText = None


class Profile(Model):
    """The person who granted an OAuth access token."""

    id: Text
    email: OptionalText = None
    full_name: OptionalText = None
    created_at: OptionalText = None
    profile_url: OptionalText = None


class AccountSummary(Model):
    """What can be known of the account that a credential opens. An API key does not tell whose it is."""

    credential: str
    email: Annotated[OptionalText, Personal.ADDRESS] = None
    full_name: Annotated[OptionalText, Personal.NAME] = None
    requests_left: int
    subscribers: int | None = None
    active_subscribers: int | None = None
    segments: int | None = None


class BatchFailure(Model):
    """A row of a batch that Flodesk refused."""

    index: Count = None
    email: OptionalText = None
    id: OptionalText = None
    code: OptionalText = None
    message: OptionalText = None


class BatchResult(Model):
    """What became of the rows of a batch."""

    successes: Annotated[list[Subscriber], NULL_IS_EMPTY] = Field(default_factory=list)
    failures: Annotated[list[BatchFailure], NULL_IS_EMPTY] = Field(default_factory=list)


class Meta(Model):
    """Where a page stands in its list. Campaigns may come without."""

    page: Count = None
    per_page: Count = None
    total_pages: Count = None
    total_items: Count = None


def _meta(value: Any) -> Any:
    return value if isinstance(value, dict) else {}


Item = TypeVar("Item")


class Page(Model, Generic[Item]):
    """One page of a list."""

    data: Annotated[list[Item], NULL_IS_EMPTY]
    meta: Annotated[Meta, BeforeValidator(_meta)] = Meta()
