"""Invents the sample account, a florist's studio: it comes out the same every time."""

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random

from flodesk_mcp.sandbox.account import (
    PALETTE,
    SUBSCRIBER_SOURCES,
    Account,
    Campaign,
    CampaignStatus,
    CustomField,
    Profile,
    Segment,
    Subscriber,
    SubscriberStatus,
    Webhook,
    WebhookEvent,
    Workflow,
)

from .names import (
    DELIVERY_DAYS,
    FIRST_NAMES,
    FLOWERS,
    HEARD_FROM,
    LAST_NAMES,
    MAIL_DOMAINS,
    MAIL_TAGS,
    VENUES,
)

OPENED = datetime(2023, 9, 1, 8, 0, tzinfo=UTC)
THREE_YEARS = timedelta(days=3 * 365)

STATUSES: Mapping[SubscriberStatus, int] = {
    "active": 357,
    "unsubscribed": 28,
    "unconfirmed": 12,
    "bounced": 10,
    "cleaned": 6,
    "archived": 4,
    "complained": 3,
}
SOURCE_WEIGHTS = (6, 20, 50, 9, 15)

# Name, whether rules compute its members, and the share of all subscribers that is in it.
SEGMENTS = (
    ("Newsletter", False, 0.80),
    ("Wedding inquiries", False, 0.18),
    ("Wedding clients", False, 0.08),
    ("Workshop guests", False, 0.15),
    ("Workshop waiting list", False, 0.06),
    ("Spring collection", False, 0.22),
    ("Weekly bouquet subscribers", False, 0.12),
    ("VIP", False, 0.05),
    ("Gift buyers", False, 0.10),
    ("Corporate clients", False, 0.03),
    ("Opened in the last 90 days", True, 0.45),
    ("No opens for six months", True, 0.14),
)

# Name, number of people active in it now, and of those who have left it.
WORKFLOWS = (
    (Workflow("", "Welcome to the studio"), 14, 60),
    (Workflow("", "Wedding inquiry follow-up"), 6, 22),
    (Workflow("", "Wedding day countdown"), 4, 9),
    (Workflow("", "Workshop reminder", allow_repeat=True), 5, 18),
    (Workflow("", "Weekly bouquet: first delivery"), 3, 12),
    (Workflow("", "Birthday posy", allow_repeat=True), 2, 31),
    (Workflow("", "Basket left behind", abandoned_cart=True), 3, 11),
    (Workflow("", "Thank you for your order"), 4, 40),
    (Workflow("", "Spring pre-order", status="paused"), 0, 25),
    (Workflow("", "Win back quiet readers", status="paused"), 0, 8),
    (Workflow("", "Winter plant care", status="draft"), 0, 0),
    (Workflow("", "Workshop feedback", status="draft"), 0, 0),
)

CUSTOM_FIELDS = (
    CustomField("birthday", "Birthday"),
    CustomField("favouriteFlower", "Favourite flower"),
    CustomField("weddingDate", "Wedding date"),
    CustomField("venue", "Venue"),
    CustomField("howDidYouHear", "How did you hear"),
    CustomField("deliveryDay", "Delivery day"),
)

WEBHOOKS: tuple[tuple[str, str, list[WebhookEvent]], ...] = (
    ("Studio CRM", "https://crm.example.com/hooks/flodesk?secret=6d1f", ["subscriber.created"]),
    (
        "Wedding calendar",
        "https://calendar.example.org/flodesk/inquiries",
        ["subscriber.created", "subscriber.added_to_segment"],
    ),
    ("Suppression list", "https://orders.example.net/hooks/unsubscribed", ["subscriber.unsubscribed"]),
)

# Status, name, subject, days after the studio opened, and whether it is shared as a template.
CAMPAIGNS: tuple[tuple[CampaignStatus, str, str, int, bool], ...] = (
    ("done", "Hello from the studio", "<p>We are <b>open</b></p>", 12, True),
    ("done", "Winter wreath workshops", "<p>Three Saturdays of wreaths</p>", 78, False),
    ("done", "Spring collection 2024", "<p>Ranunculus are back</p>", 181, False),
    ("done", "Mother's Day bouquets", "<p>Order by Thursday</p>", 240, True),
    ("failed", "Flash sale: dahlias", "<p>Today only</p>", 370, False),
    ("done", "Spring collection 2026", "<p>First peonies of the year</p>", 915, False),
    ("sending", "Autumn newsletter", "<p>What grows in September</p>", 1093, False),
    ("scheduled", "Workshop dates", "<p>Save your seat</p>", 1094, False),
    ("draft", "Wedding fair invitation", "<p>Come and say hello</p>", 1094, False),
    ("draft", "Gift guide", "", 1095, False),
)


def invented_account() -> Account:
    """Return 420 subscribers and some of everything else."""
    random = Random("Wild Fern Floral Studio")  # reproducible is the point
    account = Account(
        profile=Profile(
            id="64e9f3b20c5d7a1e8b4f6012",
            email="rowan@example.com",
            full_name="Rowan Ashdown, Wild Fern Floral Studio",
            profile_url="https://wildfern.example.com",
        )
    )
    account.custom_fields = {known.key: CustomField(known.key, known.label) for known in CUSTOM_FIELDS}
    _add_segments(account)
    _add_subscribers(account, random)
    _add_workflows(account, random)
    _add_webhooks(account)
    _add_campaigns(account)
    return account


def _add_segments(account: Account) -> None:
    for number, (name, computed, _) in enumerate(SEGMENTS):
        segment = Segment(
            account.new_id("segment"),
            name,
            PALETTE[number],
            OPENED + timedelta(days=31 * number, microseconds=204_871),
            "dynamic" if computed else "static",
        )
        account.segments[segment.id] = segment


def _add_subscribers(account: Account, random: Random) -> None:
    statuses = [status for status, share in STATUSES.items() for _ in range(share)]
    random.shuffle(statuses)
    moments = sorted(OPENED + random.random() * THREE_YEARS for _ in statuses)
    sources = random.choices(SUBSCRIBER_SOURCES, SOURCE_WEIGHTS, k=len(statuses))
    taken: set[str] = set()
    for status, source, created_at in zip(statuses, sources, moments, strict=True):
        first_name, last_name = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
        person = Subscriber(
            id=account.new_id("subscriber"),
            email=_free_email(first_name, last_name, taken, random),
            created_at=created_at,
            status=status,
            source=source,
            first_name=first_name,
            last_name=last_name,
            segment_ids=[
                segment_id
                for segment_id, (_, _, share) in zip(account.segments, SEGMENTS, strict=True)
                if random.random() < share
            ],
            custom_fields=_values(random),
        )
        if source == "form_optin":
            person.optin_ip = f"192.0.2.{random.randrange(1, 255)}"
            person.optin_timestamp = created_at.isoformat()
            if random.random() < 0.2:  # many forms ask for nothing but an e-mail
                person.first_name = person.last_name = ""
        account.subscribers[person.id] = person


def _free_email(first_name: str, last_name: str, taken: set[str], random: Random) -> str:
    first, last = _plain(first_name), _plain(last_name)
    while True:
        name = random.choice((f"{first}.{last}", f"{first}{last}", f"{first[0]}.{last}", first))
        tag = f"+{random.choice(MAIL_TAGS)}" if random.random() < 0.05 else ""  # a few people
        email = f"{name}{tag}@{random.choice(MAIL_DOMAINS)}"
        if email not in taken:
            taken.add(email)
            return email


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.lower().replace("ø", "o"))
    return decomposed.encode("ascii", "ignore").decode()


def _values(random: Random) -> dict[str, str]:
    """Return the custom fields of somebody who told some of them."""
    day = OPENED + random.random() * THREE_YEARS
    told = {
        "birthday": (0.3, f"{random.randrange(1958, 2004)}-{day:%m-%d}"),
        "favouriteFlower": (0.4, random.choice(FLOWERS)),
        "weddingDate": (0.12, f"{day + timedelta(days=300):%Y-%m-%d}"),
        "venue": (0.1, random.choice(VENUES)),
        "howDidYouHear": (0.25, random.choice(HEARD_FROM)),
        "deliveryDay": (0.12, random.choice(DELIVERY_DAYS)),
    }
    return {key: value for key, (share, value) in told.items() if random.random() < share}


def _add_workflows(account: Account, random: Random) -> None:
    people = [person.id for person in account.subscribers.values() if person.status == "active"]
    for known, active, left in WORKFLOWS:
        workflow = Workflow(
            account.new_id("workflow"), known.name, known.status, known.allow_repeat, known.abandoned_cart
        )
        account.workflows[workflow.id] = workflow
        for number, person_id in enumerate(random.sample(people, active + left)):
            account.enrollments[workflow.id, person_id] = "active" if number < active else "left"


def _add_webhooks(account: Account) -> None:
    for number, (name, post_url, events) in enumerate(WEBHOOKS):
        created_at = OPENED + timedelta(days=40 + 97 * number, microseconds=518_340)
        webhook = Webhook(account.new_id("webhook"), name, post_url, list(events), created_at)
        account.webhooks[webhook.id] = webhook


def _add_campaigns(account: Account) -> None:
    for status, name, subject, day, shared in CAMPAIGNS:
        begun = OPENED + timedelta(days=day, microseconds=730_019)
        campaign = Campaign(account.new_id("campaign"), name, status, begun, begun + timedelta(hours=5), subject)
        campaign.shared_as_template = shared
        account.campaigns[campaign.id] = campaign
