"""Every operation of the client, once: how it is called, and what must reach Flodesk. Tests run over this table."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flodesk_mcp.flodesk import (
    BatchResult,
    CampaignDraft,
    CanvaDesign,
    CustomField,
    FlodeskClient,
    FlodeskError,
    Page,
    Profile,
    Segment,
    Subscriber,
    Webhook,
)
from flodesk_mcp.sandbox import Account, sample_account

SAMPLE = sample_account()
COLOR = SAMPLE.palette[1]
PERSON = next(person for person in SAMPLE.subscribers.values() if person.status == "active")
SEGMENT = next(iter(SAMPLE.segments))
WEBHOOK = next(iter(SAMPLE.webhooks))
WORKFLOW, ENROLLED = next(key for key, state in SAMPLE.enrollments.items() if state == "active")
DRAFT = next(campaign.id for campaign in SAMPLE.campaigns.values() if campaign.status == "draft")
FREE_WORKFLOW = next(
    flow.id
    for flow in SAMPLE.workflows.values()
    if flow.status == "active" and not flow.abandoned_cart and (flow.id, PERSON.id) not in SAMPLE.enrollments
)
EVENTS = ["subscriber.created"]
PAGED = {"page": "2", "per_page": "5"}


@dataclass(frozen=True)
class Operation:
    """`kind` is the type of the answer, `query` and `body` what Flodesk must see."""

    name: str
    call: Callable[[FlodeskClient], Awaitable[Any]]
    method: str
    path: str
    kind: type | None
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    repeatable: bool = True

    def __str__(self) -> str:
        return self.name


async def outcome(operation: Operation, client: FlodeskClient) -> FlodeskError | None:
    """Call the operation and return the error, or None if it went well."""
    try:
        answer = await operation.call(client)
    except FlodeskError as error:
        return error
    assert answer is None if operation.kind is None else isinstance(answer, operation.kind)
    return None


def effects(account: Account) -> tuple[int, ...]:
    """Count what operations that must not be repeated make more of."""
    return (
        len(account.segments),
        len(account.custom_fields),
        len(account.webhooks),
        len(account.campaigns),
        sum(state == "active" for state in account.enrollments.values()),
    )


OPERATIONS = (
    Operation(
        "subscribers.list",
        lambda f: f.subscribers.list(page=2, per_page=5, status="active", segment_id=SEGMENT),
        "GET",
        "/v1/subscribers",
        Page,
        query={**PAGED, "status": "active", "segment_id": SEGMENT},
    ),
    Operation(
        "subscribers.save",
        lambda f: f.subscribers.save(
            email="new@example.com", first_name="Nell", segment_ids=(SEGMENT,), double_optin=False
        ),
        "POST",
        "/v1/subscribers",
        Subscriber,
        body={"email": "new@example.com", "first_name": "Nell", "segment_ids": [SEGMENT], "double_optin": False},
    ),
    Operation(
        "subscribers.save_batch",
        lambda f: f.subscribers.save_batch([{"email": "a@example.com", "id": None}, {"id": PERSON.id}]),
        "POST",
        "/v1/subscribers/batch",
        BatchResult,
        body={"subscribers": [{"email": "a@example.com"}, {"id": PERSON.id}]},
    ),
    Operation(
        "subscribers.get",
        lambda f: f.subscribers.get(PERSON.email),
        "GET",
        f"/v1/subscribers/{PERSON.email}",
        Subscriber,
    ),
    Operation(
        "subscribers.add_to_segments",
        lambda f: f.subscribers.add_to_segments(PERSON.id, [SEGMENT]),
        "POST",
        f"/v1/subscribers/{PERSON.id}/segments",
        Subscriber,
        body={"segment_ids": [SEGMENT]},
    ),
    Operation(
        "subscribers.remove_from_segments",
        lambda f: f.subscribers.remove_from_segments(PERSON.email, (SEGMENT,)),
        "DELETE",
        f"/v1/subscribers/{PERSON.email}/segments",
        Subscriber,
        body={"segment_ids": [SEGMENT]},
    ),
    Operation(
        "subscribers.unsubscribe",
        lambda f: f.subscribers.unsubscribe(PERSON.id),
        "POST",
        f"/v1/subscribers/{PERSON.id}/unsubscribe",
        Subscriber,
    ),
    Operation(
        "segments.list",
        lambda f: f.segments.list(page=2, per_page=5),
        "GET",
        "/v1/segments",
        Page,
        query=PAGED,
    ),
    Operation(
        "segments.create",
        lambda f: f.segments.create("Autumn", COLOR),
        "POST",
        "/v1/segments",
        Segment,
        body={"name": "Autumn", "color": COLOR},
        repeatable=False,
    ),
    Operation("segments.colors", lambda f: f.segments.colors(), "GET", "/v1/segments/colors", list),
    Operation("segments.get", lambda f: f.segments.get(SEGMENT), "GET", f"/v1/segments/{SEGMENT}", Segment),
    Operation(
        "workflows.list",
        lambda f: f.workflows.list(page=2, per_page=5, statuses=["active", "paused"]),
        "GET",
        "/v1/workflows",
        Page,
        query={"page": "2", "perPage": "5", "statuses": "active,paused"},
    ),
    Operation(
        "workflows.enroll",
        lambda f: f.workflows.enroll(FREE_WORKFLOW, email=PERSON.email),
        "POST",
        f"/v1/workflows/{FREE_WORKFLOW}/subscribers",
        None,
        body={"email": PERSON.email},
        repeatable=False,
    ),
    Operation(
        "workflows.remove",
        lambda f: f.workflows.remove(WORKFLOW, ENROLLED),
        "DELETE",
        f"/v1/workflows/{WORKFLOW}/subscribers/{ENROLLED}",
        None,
    ),
    Operation(
        "custom_fields.page",
        lambda f: f.custom_fields.page(page=2, per_page=5),
        "GET",
        "/v1/custom-fields",
        Page,
        query=PAGED,
    ),
    Operation("custom_fields.all", lambda f: f.custom_fields.all(), "GET", "/v1/custom-fields/all", list),
    Operation(
        "custom_fields.create",
        lambda f: f.custom_fields.create("Shoe size"),
        "POST",
        "/v1/custom-fields",
        CustomField,
        body={"label": "Shoe size"},
        repeatable=False,
    ),
    Operation(
        "webhooks.list",
        lambda f: f.webhooks.list(page=2, per_page=5),
        "GET",
        "/v1/webhooks",
        Page,
        query=PAGED,
    ),
    Operation(
        "webhooks.create",
        lambda f: f.webhooks.create("Orders", "https://orders.example.com/", EVENTS),
        "POST",
        "/v1/webhooks",
        Webhook,
        body={"name": "Orders", "post_url": "https://orders.example.com/", "events": EVENTS},
        repeatable=False,
    ),
    Operation("webhooks.get", lambda f: f.webhooks.get(WEBHOOK), "GET", f"/v1/webhooks/{WEBHOOK}", Webhook),
    Operation(
        "webhooks.update",
        lambda f: f.webhooks.update(WEBHOOK, name="Renamed", events=EVENTS),
        "PUT",
        f"/v1/webhooks/{WEBHOOK}",
        Webhook,
        body={"name": "Renamed", "events": EVENTS},
    ),
    Operation("webhooks.delete", lambda f: f.webhooks.delete(WEBHOOK), "DELETE", f"/v1/webhooks/{WEBHOOK}", None),
    Operation(
        "campaigns.list",
        lambda f: f.campaigns.list(page=1, per_page=5, search="spring", status="done"),
        "GET",
        "/v1/campaigns",
        Page,
        query={"page": "1", "per_page": "5", "Search": "spring", "Status": "done"},
    ),
    Operation(
        "campaigns.create_draft",
        lambda f: f.campaigns.create_draft("<p>Hi</p>", "Hello", asset_id="a1"),
        "POST",
        "/v1/campaigns/studio",
        CampaignDraft,
        body={"html": "<p>Hi</p>", "title": "Hello", "asset_id": "a1"},
        repeatable=False,
    ),
    Operation(
        "campaigns.create_canva_draft",
        lambda f: f.campaigns.create_canva_draft("https://canva.example.com/b", "Hello", page_id="p1"),
        "POST",
        "/v1/campaigns/canva",
        CampaignDraft,
        body={"bundle_url": "https://canva.example.com/b", "title": "Hello", "page_id": "p1"},
        repeatable=False,
    ),
    Operation(
        "campaigns.canva_design_state",
        lambda f: f.campaigns.canva_design_state(),
        "GET",
        "/v1/campaigns/canva/design-state",
        CanvaDesign,
    ),
    Operation("account.profile", lambda f: f.account.profile(), "GET", "/oauth2/userinfo", Profile),
)
