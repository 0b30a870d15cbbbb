"""One valid call of each tool that is not on by default."""

from .agent import JASPER
from .examples import FIELD_NAMES, SEGMENT, SEGMENT_NAMES, SEGMENTS, SUBSCRIBERS, Example, look_with

CAMPAIGNS = "list_all_flodesk_campaigns"

OF_JOBS = {
    "export_flodesk_subscribers": "Export subscribers",
    "plan_flodesk_import": "Plan an import",
    "plan_flodesk_segment_sync": "Plan who is in a segment",
    "start_flodesk_job": "Carry out a plan",
    "get_flodesk_job": "Follow a job",
    "cancel_flodesk_job": "Stop a job",
}
"""Tools whose requests leave after their call, or never: what they share with each other is in tests of their own."""
JOBS_READ = OF_JOBS.keys() - {"start_flodesk_job", "cancel_flodesk_job"}

BEYOND_DEFAULT = (
    Example(
        "add_a_flodesk_subscriber_to_segments",
        "Add a subscriber to segments",
        {"id_or_email": JASPER.email, "segment_ids": [SEGMENT]},
        "POST /v1/subscribers/*/segments",
        listers=(SEGMENTS, SUBSCRIBERS),
        check=look_with(SUBSCRIBERS),
    ),
    Example(
        "unsubscribe_a_flodesk_subscriber",
        "Unsubscribe a subscriber from everything",
        {"id_or_email": JASPER.email},
        "POST /v1/subscribers/*/unsubscribe",
        listers=(SUBSCRIBERS,),
        check=look_with(SUBSCRIBERS),
    ),
    Example(
        "create_flodesk_subscribers_in_batch",
        "Create or update up to 50 subscribers",
        {"subscribers": [{"email": "new@example.com", "custom_fields": {"venue": "Barn"}}], "segment_ids": [SEGMENT]},
        "POST /v1/subscribers/batch",
        listers=(SEGMENTS, SUBSCRIBERS),
        look_ups=(FIELD_NAMES,),
        check=look_with(SUBSCRIBERS),
    ),
    Example(CAMPAIGNS, "List campaigns", {}, "GET /v1/campaigns"),
    Example(
        "create_a_flodesk_campaign_draft",
        "Save HTML as a campaign draft",
        {"html": "<p>Peonies</p>", "title": "Peonies"},
        "POST /v1/campaigns/studio",
        listers=(CAMPAIGNS,),
        check=look_with(CAMPAIGNS),
        repeatable=False,
    ),
    Example(
        "get_flodesk_account", "Get the connected account", {}, "GET /v1/subscribers", look_ups=("GET /v1/segments",)
    ),
    Example(
        "search_flodesk_subscribers",
        "Search subscribers",
        {"where": [{"field": "status", "operator": "is", "value": "active"}]},
        "GET /v1/subscribers",
        look_ups=(SEGMENT_NAMES, FIELD_NAMES),
    ),
    Example(
        "get_flodesk_audience_report",
        "Report on the audience",
        {"segment_id": SEGMENT},
        "GET /v1/subscribers",
        listers=(SEGMENTS,),
        look_ups=(SEGMENT_NAMES, FIELD_NAMES),
    ),
)
