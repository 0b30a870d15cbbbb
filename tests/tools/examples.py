"""One valid call of each tool, and the request that it may end in."""

import re
from dataclasses import dataclass
from typing import Any

from .agent import JASPER, Sent

SEGMENT = "6c9d091f92af5971ce63197a"
WORKFLOW = "74a8b7ca0c26658375fdc434"
WEBHOOK = "f8514b8a9c1262d226e4ef4d"

COLORS = "GET /v1/segments/colors"
CUSTOM_FIELDS = "GET /v1/custom-fields/all"


@dataclass(frozen=True)
class Example:
    """A call. `operation` is its request, where `*` stands for one segment of a path; `look_ups` may come before."""

    tool: str
    arguments: dict[str, Any]
    operation: str
    look_ups: tuple[str, ...] = ()
    lister: str | None = None
    """The tool that shows what exists, or what became of an uncertain write."""

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
        pattern = re.escape(self.operation).replace(r"\*", "[^/]+")
        asked = f"{sent.method} {sent.path}"
        return asked in self.look_ups or (
            re.fullmatch(pattern, asked) is not None and not {".", "..", "%2e", "%2e%2e"} & set(asked.split("/"))
        )


NEW_WEBHOOK = {"name": "Shop", "post_url": "https://shop.example.com/hook", "events": ["subscriber.created"]}

SEGMENTS, SUBSCRIBERS = "list_all_flodesk_segments", "list_all_flodesk_subscribers"
WORKFLOWS, WEBHOOKS, FIELDS = (
    "list_all_flodesk_workflows",
    "list_all_flodesk_webhooks",
    "list_all_flodesk_custom_fields",
)

EXAMPLES = (
    Example("list_all_flodesk_segments", {}, "GET /v1/segments"),
    Example("get_single_flodesk_segment_by_id", {"id": SEGMENT}, "GET /v1/segments/*", lister=SEGMENTS),
    Example("create_a_flodesk_segment", {"name": "Shop"}, "POST /v1/segments", (COLORS,), lister=SEGMENTS),
    Example("list_all_flodesk_segment_colors", {}, "GET /v1/segments/colors"),
    Example("list_all_flodesk_subscribers", {"segment_id": SEGMENT}, "GET /v1/subscribers", lister=SEGMENTS),
    Example(
        "get_single_flodesk_subscriber_by_id",
        {"id_or_email": JASPER.email},
        "GET /v1/subscribers/*",
        lister=SUBSCRIBERS,
    ),
    Example(
        "create_a_flodesk_subscriber",
        {"email": JASPER.email, "custom_fields": {"venue": "Barn"}},
        "POST /v1/subscribers",
        (CUSTOM_FIELDS,),
        lister=SUBSCRIBERS,
    ),
    Example(
        "delete_a_flodesk_subscriber_by_id",
        {"id_or_email": JASPER.email, "segment_ids": [SEGMENT]},
        "DELETE /v1/subscribers/*/segments",
        lister=SUBSCRIBERS,
    ),
    Example("list_all_flodesk_workflows", {}, "GET /v1/workflows"),
    Example(
        "create_a_flodesk_workflow",
        {"workflow_id": WORKFLOW, "email": JASPER.email},
        "POST /v1/workflows/*/subscribers",
        lister=WORKFLOWS,
    ),
    Example(
        "delete_a_flodesk_workflow_by_id",
        {"workflow_id": WORKFLOW, "id_or_email": "d.zielinska@example.com"},
        "DELETE /v1/workflows/*/subscribers/*",
        lister=WORKFLOWS,
    ),
    Example("list_all_flodesk_custom_fields", {}, "GET /v1/custom-fields/all"),
    Example("create_a_flodesk_custom_field", {"label": "Shoe size"}, "POST /v1/custom-fields", lister=FIELDS),
    Example("list_all_flodesk_webhooks", {}, "GET /v1/webhooks"),
    Example("get_single_flodesk_webhook_by_id", {"id": WEBHOOK}, "GET /v1/webhooks/*", lister=WEBHOOKS),
    Example("create_a_flodesk_webhook", NEW_WEBHOOK, "POST /v1/webhooks", lister=WEBHOOKS),
    Example("update_a_flodesk_webhook_by_id", {"id": WEBHOOK, "name": "Shop"}, "PUT /v1/webhooks/*", lister=WEBHOOKS),
    Example("delete_a_flodesk_webhook_by_id", {"id": WEBHOOK}, "DELETE /v1/webhooks/*", lister=WEBHOOKS),
)
