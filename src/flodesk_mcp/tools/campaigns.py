"""Tools on campaigns."""

from flodesk_mcp.flodesk import Campaign, CampaignDraft, FlodeskClient
from flodesk_mcp.tools.arguments import CampaignId, CampaignSearch, CampaignStatus, Html, Limit, NextCursor, Title
from flodesk_mcp.tools.paging import listing
from flodesk_mcp.tools.results import Listing
from flodesk_mcp.tools.spec import Toolset

toolset = Toolset("campaigns", "campaigns and drafts")


@toolset.tool("List campaigns", "GET /campaigns")
async def list_all_flodesk_campaigns(
    flodesk: FlodeskClient,
    limit: Limit = 20,
    next_cursor: NextCursor | None = None,
    search: CampaignSearch | None = None,
    status: CampaignStatus | None = None,
) -> Listing[Campaign]:
    """Show e-mail campaigns (newsletters, mailings) with subject and status: what newsletters did we send, which have
    gone out, show my drafts, what is scheduled? Opens and clicks are not in the API.
    """
    return await listing("list_campaigns", flodesk.campaigns.list, limit, next_cursor, search=search, status=status)


@toolset.tool(
    "Save HTML as a campaign draft",
    "POST /campaigns/studio",
    target=("campaign_id", "title"),
)
async def create_a_flodesk_campaign_draft(
    flodesk: FlodeskClient, html: Html, title: Title, campaign_id: CampaignId | None = None
) -> CampaignDraft:
    """Write an email, such as a newsletter, and save its HTML in Flodesk as a draft to finish later; campaign_id
    replaces a draft. Sends nothing: a person sends it in Flodesk, at the url returned.
    """
    return await flodesk.campaigns.create_draft(html, title, campaign_id=campaign_id)
