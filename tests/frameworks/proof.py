"""What has to hold in every framework: custom fields arrive, blanks erase nothing, and every tool can be called."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from .account import Account
from .model import BLANKS, arguments

Call = Callable[[str, dict[str, Any]], Awaitable[str]]
"""Calls a tool on the framework's own way, and returns the text that the model would read."""

JASPER = "j.quill@example.org"
ENROLLED = "d.zielinska@example.com"
SEGMENT = "Newsletter"
WORKFLOW = "Welcome to the studio"
WEBHOOK = "f8514b8a9c1262d226e4ef4d"

SAVE = "create_a_flodesk_subscriber"
VENUE = [{"field": "venue", "value": "Old barn"}]
FORCED = {"double_optin": False}
"""What a model cannot leave blank under a schema that requires it, and what means the same."""

NEEDED: dict[str, dict[str, Any]] = {
    "list_all_flodesk_segments": {},
    "get_single_flodesk_segment_by_id": {"id": SEGMENT},
    "create_a_flodesk_segment": {"name": "Shop"},
    "list_all_flodesk_segment_colors": {},
    "list_all_flodesk_subscribers": {},
    "get_single_flodesk_subscriber_by_id": {"id_or_email": JASPER},
    SAVE: {"email": JASPER, "custom_fields": VENUE},
    "delete_a_flodesk_subscriber_by_id": {"id_or_email": JASPER, "segment_ids": [SEGMENT]},
    "list_all_flodesk_workflows": {},
    "create_a_flodesk_workflow": {"workflow_id": WORKFLOW, "email": JASPER},
    "delete_a_flodesk_workflow_by_id": {"workflow_id": WORKFLOW, "id_or_email": ENROLLED},
    "list_all_flodesk_custom_fields": {},
    "create_a_flodesk_custom_field": {"label": "Shoe size"},
    "list_all_flodesk_webhooks": {},
    "get_single_flodesk_webhook_by_id": {"id": WEBHOOK},
    "create_a_flodesk_webhook": {
        "name": "Shop",
        "post_url": "https://shop.example.com/hook",
        "events": ["subscriber.created"],
    },
    "update_a_flodesk_webhook_by_id": {"id": WEBHOOK, "name": "Shop"},
    "delete_a_flodesk_webhook_by_id": {"id": WEBHOOK},
}
"""The 18 tools, each with what a model has to say."""


async def prove(account: Account, schemas: dict[str, dict[str, Any]], call: Call) -> str:
    """Call the tools by their converted schemas, and return in one line what held. Raises AssertionError."""
    assert list(schemas) == list(NEEDED), schemas.keys() ^ NEEDED.keys()
    for blank in BLANKS:
        account.reset()
        before = account.person(JASPER)
        answer = _data(SAVE, await call(SAVE, arguments(schemas[SAVE], NEEDED[SAVE], blank)))
        expected = before["custom_fields"] | {"venue": "Old barn"}
        assert answer["custom_fields"] == expected, answer
        assert account.person(JASPER) == before | {"custom_fields": expected}, account.person(JASPER)
        (body,) = account.written()
        assert body.items() <= {"email": JASPER, "custom_fields": {"venue": "Old barn"}, **FORCED}.items(), body
    account.reset()
    for tool, needed in NEEDED.items():
        _data(tool, await call(tool, arguments(schemas[tool], needed, None)))
    return f"{len(NEEDED)} tools converted and called; custom_fields arrived and nothing was erased, however blank"


def _data(tool: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise AssertionError(f"{tool} did not succeed: {text}") from None
