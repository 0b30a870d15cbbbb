"""What Flodesk answers. Source: flodesk-api, Objects.

Tolerant: a field that Flodesk adds is kept, one that it leaves out is None, and a scalar where a text is expected
becomes one; what is no number where one is expected is None. Only what every caller needs is required.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler
from pydantic_core import core_schema

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


def _text(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _texts(value: Any) -> Any:
    return {key: _text(item) for key, item in value.items() if item is not None} if isinstance(value, dict) else None


def _rows(value: Any) -> Any:
    return value if isinstance(value, list) else None


def _count(value: Any) -> Any:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _no_rows(value: Any) -> Any:
    return [] if value is None else value  # as some languages write an empty list


@dataclass(frozen=True)
class _Otherwise:
    """Takes what has the right form as it is, and of anything else what `made` makes of it.

    A call of Python for each value would take as long as the rest of reading a page.
    """

    made: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        right = handler(source)
        other = core_schema.no_info_before_validator_function(self.made, right)
        return core_schema.union_schema([right, other], mode="left_to_right", custom_error_type="string_type")


Text = Annotated[str, _Otherwise(_text)]
OptionalText = Annotated[str | None, _Otherwise(_text)]
Rows = BeforeValidator(_rows)
CustomValues = _Otherwise(_texts)
Count = Annotated[int | None, BeforeValidator(_count)]


class Personal(Enum):
    """Marks a field that can tell who somebody is, with what kind of thing stands there."""

    ADDRESS = auto()
    NAME = auto()
    VALUES = auto()
    IP = auto()
    WORDS = auto()
    """A message that may hold any of these."""


class Model(BaseModel):
    """What all answers share: unknown fields are kept."""

    model_config = ConfigDict(extra="allow", frozen=True)


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
    segments: Annotated[list[SegmentRef] | None, Rows] = None
    custom_fields: Annotated[dict[str, str] | None, CustomValues, Personal.VALUES] = None
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
    events: Annotated[list[Text] | None, Rows] = None
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

    successes: Annotated[list[Subscriber], BeforeValidator(_no_rows)] = []
    failures: Annotated[list[BatchFailure], BeforeValidator(_no_rows)] = []


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

    data: Annotated[list[Item], BeforeValidator(_no_rows)]
    meta: Annotated[Meta, BeforeValidator(_meta)] = Meta()
