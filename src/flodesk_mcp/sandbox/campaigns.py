"""Campaigns: list them, make drafts from HTML (studio) or from a Canva design. Nothing sends mail."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_args

from pydantic import Field
from starlette.responses import Response

from flodesk_mcp.sandbox.account import Campaign, CampaignStatus
from flodesk_mcp.sandbox.answers import Refused, created, ok, page, timestamp
from flodesk_mcp.sandbox.operation import Call, Form, Operation

SORT_KEYS: Mapping[str, Callable[[Campaign], Any]] = {
    "name": lambda campaign: campaign.name.casefold(),
    "created_at": lambda campaign: campaign.created_at,
    "updated_at": lambda campaign: campaign.updated_at,
}


class StudioForm(Form):
    """A draft from HTML; `campaign_id` names a draft to replace."""

    html: Annotated[str, Field(min_length=1)]
    title: str | None = None
    campaign_id: str | None = None
    asset_id: str | None = None


class CanvaForm(Form):
    """A draft from a Canva design, whose export lies at `bundle_url`."""

    bundle_url: Annotated[str, Field(pattern=r"^https://")]
    title: str | None = None
    design_token: str | None = None
    page_id: str | None = None
    campaign_id: str | None = None


def list_campaigns(call: Call) -> Response:
    """List what matches Search, Status and SharedAsTemplate, sorted by OrderBy and Sort; without meta."""
    query = call.query
    status = _choice(query, "Status", get_args(CampaignStatus))
    template = _choice(query, "SharedAsTemplate", ("true", "false"))
    order_by = _choice(query, "OrderBy", tuple(SORT_KEYS)) or "created_at"
    descending = (_choice(query, "Sort", ("asc", "desc")) or "desc") == "desc"
    found = [
        campaign
        for campaign in call.account.campaigns.values()
        if query.get("Search", "").casefold() in campaign.name.casefold()
        and (status is None or campaign.status == status)
        and (template is None or campaign.shared_as_template == (template == "true"))
    ]
    found.sort(key=SORT_KEYS[order_by], reverse=descending)
    return ok({"data": page(found, query, _show)["data"]})


def save_studio_draft(call: Call) -> Response:
    """Make a draft from HTML, or replace one."""
    form = call.form(StudioForm)
    draft = _draft(call, form.campaign_id, form.title)
    draft.html = form.html
    return created(_link(draft))


def save_canva_draft(call: Call) -> Response:
    """Make a draft from a Canva design, or replace one."""
    form = call.form(CanvaForm)
    draft = _draft(call, form.campaign_id, form.title)
    draft.design_id = draft.design_id or call.account.new_id("design")
    return created(_link(draft))


def get_design_state(call: Call) -> Response:
    """Tell the latest Canva design and its campaign; a 404 until there is one."""
    designed = [campaign for campaign in call.account.campaigns.values() if campaign.design_id]
    if not designed:
        raise Refused(404, "There is no design.")
    latest = max(designed, key=lambda campaign: campaign.updated_at)
    return ok({"design_id": latest.design_id, "campaign_id": latest.id})


def _draft(call: Call, campaign_id: str | None, title: str | None) -> Campaign:
    if campaign_id is None:
        campaign = Campaign(call.account.new_id("campaign"), "Untitled", "draft", call.now, call.now)
        call.account.campaigns[campaign.id] = campaign
    elif campaign_id in call.account.campaigns:
        campaign = call.account.campaigns[campaign_id]
    else:
        raise Refused(404, "Campaign not found.")
    if campaign.status != "draft":
        raise Refused(400, "The campaign is not a draft.")
    campaign.name = title or campaign.name
    campaign.updated_at = call.now
    return campaign


def _choice(query: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str | None:
    value = query.get(name)
    if value is not None and value not in choices:
        raise Refused(400, f"{name} must be one of {', '.join(choices)}.")
    return value


def _link(campaign: Campaign) -> dict[str, str]:
    return {"id": campaign.id, "url": f"https://app.flodesk.com/email/{campaign.id}"}


def _show(campaign: Campaign) -> dict[str, Any]:
    return {
        "id": campaign.id,
        "status": campaign.status,
        "name": campaign.name,
        "subject": campaign.subject,
        "created_at": timestamp(campaign.created_at),
        "updated_at": timestamp(campaign.updated_at),
    }


OPERATIONS = (
    Operation("GET", "/v1/campaigns", list_campaigns),
    Operation("POST", "/v1/campaigns/studio", save_studio_draft),
    Operation("POST", "/v1/campaigns/canva", save_canva_draft),
    Operation("GET", "/v1/campaigns/canva/design-state", get_design_state),
)
