"""What one Flodesk account holds, in plain containers: the operations change it, tests look into it."""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2s
from typing import Any, Literal, get_args

SubscriberStatus = Literal["active", "unsubscribed", "unconfirmed", "bounced", "complained", "cleaned", "archived"]
SubscriberSource = Literal["manual", "csv", "form_optin", "integration", "checkout"]
WorkflowStatus = Literal["active", "paused", "draft"]
CampaignStatus = Literal["draft", "pending", "scheduled", "composing", "sending", "done", "failed"]
EnrollmentState = Literal["active", "left"]
WebhookEvent = Literal["subscriber.created", "subscriber.added_to_segment", "subscriber.unsubscribed"]

SUBSCRIBER_STATUSES: tuple[SubscriberStatus, ...] = get_args(SubscriberStatus)
SUBSCRIBER_SOURCES: tuple[SubscriberSource, ...] = get_args(SubscriberSource)

MOST_POSTINGS = 10_000

PALETTE = (
    "#F2C9C0",
    "#E8A598",
    "#D98880",
    "#F4DFB6",
    "#E3C27A",
    "#CBD8B9",
    "#9DB58C",
    "#6E8B6B",
    "#C4D7E0",
    "#8FB1C4",
    "#D8C7E3",
    "#A98FBF",
)


@dataclass
class Subscriber:
    """A person on the list; `segment_ids` in the order in which they were added."""

    id: str
    email: str
    created_at: datetime
    status: SubscriberStatus = "active"
    source: SubscriberSource = "integration"
    first_name: str = ""
    last_name: str = ""
    segment_ids: list[str] = field(default_factory=list)
    custom_fields: dict[str, str] = field(default_factory=dict)
    optin_ip: str | None = None
    optin_timestamp: str | None = None


@dataclass
class Segment:
    """A named group of subscribers, static or computed by rules (dynamic)."""

    id: str
    name: str
    color: str
    created_at: datetime
    segment_type: Literal["static", "dynamic"] = "static"


@dataclass
class Workflow:
    """An automation that people are enrolled in."""

    id: str
    name: str
    status: WorkflowStatus = "active"
    allow_repeat: bool = False
    abandoned_cart: bool = False


@dataclass
class CustomField:
    """A field of the account's own; `key` is what subscribers' values are stored under."""

    key: str
    label: str


@dataclass
class Webhook:
    """A subscription of some server to events; answers never hold its name."""

    id: str
    name: str
    post_url: str
    events: list[WebhookEvent]
    created_at: datetime


@dataclass(frozen=True)
class Posting:
    """What a webhook has to post."""

    url: str
    body: dict[str, Any]


@dataclass
class Campaign:
    """An e-mail; `design_id` is set when its design came from Canva."""

    id: str
    name: str
    status: CampaignStatus
    created_at: datetime
    updated_at: datetime
    subject: str = ""
    html: str = ""
    shared_as_template: bool = False
    design_id: str | None = None


@dataclass
class Profile:
    """Who the account belongs to, as `/oauth2/userinfo` tells it."""

    id: str = "64e9f3b20c5d7a1e8b4f6012"
    email: str = "studio@example.com"
    full_name: str = "Studio Owner"
    created_at: datetime = datetime(2023, 8, 26, 9, 14, 7, 203118, tzinfo=UTC)
    profile_url: str = "https://studio.example.com"


@dataclass(eq=False)
class Account:
    """One Flodesk account: every container is keyed by id (custom fields by key), oldest first.

    `enrollments` maps (workflow id, subscriber id) to whether the person is in the workflow or has left it.
    `ids_given` counts the ids that `new_id` has made of each kind. `keeps_values` makes it one that takes an empty text
    for none at all: how the real one erases is not documented. `postings` are what webhooks have yet to post.
    """

    profile: Profile = field(default_factory=Profile)
    palette: tuple[str, ...] = PALETTE
    keeps_values: bool = False
    subscribers: dict[str, Subscriber] = field(default_factory=dict)
    segments: dict[str, Segment] = field(default_factory=dict)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    custom_fields: dict[str, CustomField] = field(default_factory=dict)
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    enrollments: dict[tuple[str, str], EnrollmentState] = field(default_factory=dict)
    ids_given: Counter[str] = field(default_factory=Counter, repr=False)
    postings: deque[Posting] = field(default_factory=lambda: deque(maxlen=MOST_POSTINGS), repr=False)

    def new_id(self, kind: str) -> str:
        """Return the next id for a kind of object: 24 hex digits, the same series in every account."""
        self.ids_given[kind] += 1
        return blake2s(f"{kind} {self.ids_given[kind]}".encode(), digest_size=12).hexdigest()

    def find_subscriber(self, id_or_email: str) -> Subscriber | None:
        """Return the subscriber of an id or an e-mail, whose case does not matter."""
        email = id_or_email.casefold()
        return self.subscribers.get(id_or_email) or next(
            (known for known in self.subscribers.values() if known.email.casefold() == email), None
        )

    def active_subscribers(self, segment_id: str) -> int:
        """Count the active members of a segment."""
        return sum(
            segment_id in person.segment_ids for person in self.subscribers.values() if person.status == "active"
        )
