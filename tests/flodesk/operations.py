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
        "list_subscribers",
        lambda f: f.list_subscribers(page=2, per_page=5, status="active", segment_id=SEGMENT),
        "GET",
        "/v1/subscribers",
        Page,
        query={**PAGED, "status": "active", "segment_id": SEGMENT},
    ),
    Operation(
        "create_or_update_subscriber",
        lambda f: f.create_or_update_subscriber(
            email="new@example.com", first_name="Nell", segment_ids=(SEGMENT,), double_optin=False
        ),
        "POST",
        "/v1/subscribers",
        Subscriber,
        body={"email": "new@example.com", "first_name": "Nell", "segment_ids": [SEGMENT], "double_optin": False},
    ),
    Operation(
        "create_or_update_subscribers",
        lambda f: f.create_or_update_subscribers([{"email": "a@example.com", "id": None}, {"id": PERSON.id}]),
        "POST",
        "/v1/subscribers/batch",
        BatchResult,
        body={"subscribers": [{"email": "a@example.com"}, {"id": PERSON.id}]},
    ),
    Operation(
        "get_subscriber",
        lambda f: f.get_subscriber(PERSON.email),
        "GET",
        f"/v1/subscribers/{PERSON.email}",
        Subscriber,
    ),
    Operation(
        "add_to_segments",
        lambda f: f.add_to_segments(PERSON.id, [SEGMENT]),
        "POST",
        f"/v1/subscribers/{PERSON.id}/segments",
        Subscriber,
        body={"segment_ids": [SEGMENT]},
    ),
    Operation(
        "remove_from_segments",
        lambda f: f.remove_from_segments(PERSON.email, (SEGMENT,)),
        "DELETE",
        f"/v1/subscribers/{PERSON.email}/segments",
        Subscriber,
        body={"segment_ids": [SEGMENT]},
    ),
    Operation(
        "unsubscribe",
        lambda f: f.unsubscribe(PERSON.id),
        "POST",
        f"/v1/subscribers/{PERSON.id}/unsubscribe",
        Subscriber,
    ),
    Operation(
        "list_segments",
        lambda f: f.list_segments(page=2, per_page=5),
        "GET",
        "/v1/segments",
        Page,
        query=PAGED,
    ),
    Operation(
        "create_segment",
        lambda f: f.create_segment("Autumn", COLOR),
        "POST",
        "/v1/segments",
        Segment,
        body={"name": "Autumn", "color": COLOR},
        repeatable=False,
    ),
    Operation("list_segment_colors", lambda f: f.list_segment_colors(), "GET", "/v1/segments/colors", list),
    Operation("get_segment", lambda f: f.get_segment(SEGMENT), "GET", f"/v1/segments/{SEGMENT}", Segment),
    Operation(
        "list_workflows",
        lambda f: f.list_workflows(page=2, per_page=5, statuses=["active", "paused"]),
        "GET",
        "/v1/workflows",
        Page,
        query={"page": "2", "perPage": "5", "statuses": "active,paused"},
    ),
    Operation(
        "enroll",
        lambda f: f.enroll(FREE_WORKFLOW, email=PERSON.email),
        "POST",
        f"/v1/workflows/{FREE_WORKFLOW}/subscribers",
        None,
        body={"email": PERSON.email},
        repeatable=False,
    ),
    Operation(
        "remove_from_workflow",
        lambda f: f.remove_from_workflow(WORKFLOW, ENROLLED),
        "DELETE",
        f"/v1/workflows/{WORKFLOW}/subscribers/{ENROLLED}",
        None,
    ),
    Operation(
        "list_custom_fields",
        lambda f: f.list_custom_fields(page=2, per_page=5),
        "GET",
        "/v1/custom-fields",
        Page,
        query=PAGED,
    ),
    Operation("list_all_custom_fields", lambda f: f.list_all_custom_fields(), "GET", "/v1/custom-fields/all", list),
    Operation(
        "create_custom_field",
        lambda f: f.create_custom_field("Shoe size"),
        "POST",
        "/v1/custom-fields",
        CustomField,
        body={"label": "Shoe size"},
        repeatable=False,
    ),
    Operation(
        "list_webhooks",
        lambda f: f.list_webhooks(page=2, per_page=5),
        "GET",
        "/v1/webhooks",
        Page,
        query=PAGED,
    ),
    Operation(
        "create_webhook",
        lambda f: f.create_webhook("Orders", "https://orders.example.com/", EVENTS),
        "POST",
        "/v1/webhooks",
        Webhook,
        body={"name": "Orders", "post_url": "https://orders.example.com/", "events": EVENTS},
        repeatable=False,
    ),
    Operation("get_webhook", lambda f: f.get_webhook(WEBHOOK), "GET", f"/v1/webhooks/{WEBHOOK}", Webhook),
    Operation(
        "update_webhook",
        lambda f: f.update_webhook(WEBHOOK, name="Renamed", events=EVENTS),
        "PUT",
        f"/v1/webhooks/{WEBHOOK}",
        Webhook,
        body={"name": "Renamed", "events": EVENTS},
    ),
    Operation("delete_webhook", lambda f: f.delete_webhook(WEBHOOK), "DELETE", f"/v1/webhooks/{WEBHOOK}", None),
    Operation(
        "list_campaigns",
        lambda f: f.list_campaigns(page=1, per_page=5, search="spring", status="done"),
        "GET",
        "/v1/campaigns",
        Page,
        query={"page": "1", "per_page": "5", "Search": "spring", "Status": "done"},
    ),
    Operation(
        "create_campaign_draft",
        lambda f: f.create_campaign_draft("<p>Hi</p>", "Hello", asset_id="a1"),
        "POST",
        "/v1/campaigns/studio",
        CampaignDraft,
        body={"html": "<p>Hi</p>", "title": "Hello", "asset_id": "a1"},
        repeatable=False,
    ),
    Operation(
        "create_canva_campaign_draft",
        lambda f: f.create_canva_campaign_draft("https://canva.example.com/b", "Hello", page_id="p1"),
        "POST",
        "/v1/campaigns/canva",
        CampaignDraft,
        body={"bundle_url": "https://canva.example.com/b", "title": "Hello", "page_id": "p1"},
        repeatable=False,
    ),
    Operation(
        "get_canva_design_state",
        lambda f: f.get_canva_design_state(),
        "GET",
        "/v1/campaigns/canva/design-state",
        CanvaDesign,
    ),
    Operation("get_profile", lambda f: f.get_profile(), "GET", "/oauth2/userinfo", Profile),
)
