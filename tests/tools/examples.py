"""One valid call of each tool, and the request that it may end in."""

import re
from dataclasses import dataclass
from typing import Any

from .agent import JASPER, Sent

SEGMENT = "6c9d091f92af5971ce63197a"
WORKFLOW = "74a8b7ca0c26658375fdc434"
WEBHOOK = "f8514b8a9c1262d226e4ef4d"


@dataclass(frozen=True)
class Example:
    """A call. `operation` is its request, where `*` stands for one segment of a path, and so in
    `look_ups`, which may come beside it.

    `listers` are the tools that show valid values of its arguments; `check` is how an agent sees whether a doubtful
    write happened.
    """

    tool: str
    title: str
    arguments: dict[str, Any]
    operation: str
    listers: tuple[str, ...] = ()
    look_ups: tuple[str, ...] = ()
    check: str = ""
    repeatable: bool = True

    @property
    def method(self) -> str:
        """The operation's method."""
        return self.operation.split()[0]

    @property
    def reads(self) -> bool:
        """Whether it only reads."""
        return self.method == "GET"

    def allows(self, sent: Sent) -> bool:
        """Whether a request is within the tool's own operation."""
        asked = f"{sent.method} {sent.path}"
        climbs = {".", "..", "%2e", "%2e%2e"} & set(sent.path.lower().split("/"))
        patterns = (re.escape(known).replace(r"\*", "[^/]+") for known in (self.operation, *self.look_ups))
        return not climbs and any(re.fullmatch(pattern, asked) for pattern in patterns)


NEW_WEBHOOK = {"name": "Shop", "post_url": "https://shop.example.com/hook", "events": ["subscriber.created"]}

COLOR_NAMES, FIELD_NAMES = "GET /v1/segments/colors", "GET /v1/custom-fields/all"
SEGMENT_NAMES, WORKFLOW_NAMES = "GET /v1/segments", "GET /v1/workflows"

COLORS = "list_all_flodesk_segment_colors"
SEGMENTS = "list_all_flodesk_segments"
SUBSCRIBERS = "list_all_flodesk_subscribers"
WORKFLOWS = "list_all_flodesk_workflows"
FIELDS = "list_all_flodesk_custom_fields"
WEBHOOKS = "list_all_flodesk_webhooks"

LOOK_IN_FLODESK = "No tool lists who is in a workflow: look at it in Flodesk before you call again."


def look_with(lister: str) -> str:
    """Return the advice to look with a tool."""
    return f"Look with {lister} first."


EXAMPLES = (
    Example("list_all_flodesk_segments", "List segments", {}, "GET /v1/segments"),
    Example(
        "get_single_flodesk_segment_by_id",
        "Get a segment",
        {"id": SEGMENT},
        "GET /v1/segments/*",
        (SEGMENTS,),
        (SEGMENT_NAMES,),
    ),
    Example(
        "create_a_flodesk_segment",
        "Create a segment",
        {"name": "Shop"},
        "POST /v1/segments",
        (COLORS,),
        (COLOR_NAMES, SEGMENT_NAMES),
        look_with(SEGMENTS),
        repeatable=False,
    ),
    Example("list_all_flodesk_segment_colors", "List segment colors", {}, "GET /v1/segments/colors"),
    Example(
        "list_all_flodesk_subscribers",
        "List subscribers",
        {"segment_id": SEGMENT},
        "GET /v1/subscribers",
        (SEGMENTS,),
        (SEGMENT_NAMES,),
    ),
    Example(
        "get_single_flodesk_subscriber_by_id",
        "Get a subscriber",
        {"id_or_email": JASPER.email},
        "GET /v1/subscribers/*",
        (SUBSCRIBERS,),
    ),
    Example(
        "create_a_flodesk_subscriber",
        "Create or update a subscriber",
        {"email": JASPER.email, "custom_fields": {"venue": "Barn"}},
        "POST /v1/subscribers",
        (SUBSCRIBERS, SEGMENTS, FIELDS),
        (FIELD_NAMES, SEGMENT_NAMES),
        look_with(SUBSCRIBERS),
    ),
    Example(
        "delete_a_flodesk_subscriber_by_id",
        "Remove a subscriber from segments",
        {"id_or_email": JASPER.email, "segment_ids": [SEGMENT]},
        "DELETE /v1/subscribers/*/segments",
        (SUBSCRIBERS, SEGMENTS),
        (SEGMENT_NAMES,),
        look_with(SUBSCRIBERS),
    ),
    Example("list_all_flodesk_workflows", "List workflows", {}, "GET /v1/workflows"),
    Example(
        "create_a_flodesk_workflow",
        "Enroll a subscriber in a workflow",
        {"workflow_id": WORKFLOW, "email": JASPER.email},
        "POST /v1/workflows/*/subscribers",
        (WORKFLOWS, SUBSCRIBERS),
        (WORKFLOW_NAMES, "GET /v1/subscribers/*"),
        LOOK_IN_FLODESK,
        repeatable=False,
    ),
    Example(
        "delete_a_flodesk_workflow_by_id",
        "Remove a subscriber from a workflow",
        {"workflow_id": WORKFLOW, "id_or_email": "d.zielinska@example.com"},
        "DELETE /v1/workflows/*/subscribers/*",
        (WORKFLOWS, SUBSCRIBERS),
        (WORKFLOW_NAMES, "GET /v1/subscribers/*"),
        LOOK_IN_FLODESK,
    ),
    Example("list_all_flodesk_custom_fields", "List custom fields", {}, "GET /v1/custom-fields/all"),
    Example(
        "create_a_flodesk_custom_field",
        "Create a custom field",
        {"label": "Shoe size"},
        "POST /v1/custom-fields",
        look_ups=(FIELD_NAMES,),
        check=look_with(FIELDS),
        repeatable=False,
    ),
    Example("list_all_flodesk_webhooks", "List webhooks", {}, "GET /v1/webhooks"),
    Example("get_single_flodesk_webhook_by_id", "Get a webhook", {"id": WEBHOOK}, "GET /v1/webhooks/*", (WEBHOOKS,)),
    Example(
        "create_a_flodesk_webhook",
        "Create a webhook",
        NEW_WEBHOOK,
        "POST /v1/webhooks",
        look_ups=("GET /v1/webhooks",),
        check=look_with(WEBHOOKS),
        repeatable=False,
    ),
    Example(
        "update_a_flodesk_webhook_by_id",
        "Update a webhook",
        {"id": WEBHOOK, "name": "Shop"},
        "PUT /v1/webhooks/*",
        (WEBHOOKS,),
        check=look_with(WEBHOOKS),
    ),
    Example(
        "delete_a_flodesk_webhook_by_id",
        "Delete a webhook",
        {"id": WEBHOOK},
        "DELETE /v1/webhooks/*",
        (WEBHOOKS,),
        check=look_with(WEBHOOKS),
    ),
)
