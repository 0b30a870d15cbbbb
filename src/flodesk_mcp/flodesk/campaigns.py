"""Operations on campaigns. Nothing here sends mail: the API can only make drafts."""

from collections.abc import AsyncGenerator

from pydantic import TypeAdapter

from flodesk_mcp.api.request import Request, given
from flodesk_mcp.api.retry import Sender
from flodesk_mcp.flodesk.listing import whole_list
from flodesk_mcp.flodesk.models import Campaign, CampaignDraft, CanvaDesign, Page

__all__ = ["Campaigns"]

_CAMPAIGNS = TypeAdapter(Page[Campaign])
_DRAFT = TypeAdapter(CampaignDraft)
_DESIGN = TypeAdapter(CanvaDesign)


class Campaigns:
    """Mailings. The listing is not on Flodesk's published page: treat it as unstable."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(
        self, *, page: int = 1, per_page: int = 20, search: str | None = None, status: str | None = None
    ) -> Page[Campaign]:
        """Return one page of campaigns. Source: GET /campaigns."""
        query = {"page": page, "per_page": per_page, "Search": search, "Status": status}
        return await self._sender.send(_CAMPAIGNS, Request("GET", "campaigns", query=query))

    def every(self, *, search: str | None = None, status: str | None = None) -> AsyncGenerator[Campaign, None]:
        """Yield every campaign, while others may change the list. See whole_list."""
        return whole_list(lambda page, per_page: self.list(page=page, per_page=per_page, search=search, status=status))

    async def create_draft(
        self, html: str, title: str, *, campaign_id: str | None = None, asset_id: str | None = None
    ) -> CampaignDraft:
        """Save `html` as a draft, or into the draft `campaign_id`. Source: POST /campaigns/studio."""
        body = given({"html": html, "title": title, "campaign_id": campaign_id, "asset_id": asset_id})
        return await self._sender.send(_DRAFT, Request("POST", "campaigns", "studio", body=body, repeatable=False))

    async def create_canva_draft(
        self,
        bundle_url: str,
        title: str,
        *,
        design_token: str | None = None,
        page_id: str | None = None,
        campaign_id: str | None = None,
    ) -> CampaignDraft:
        """Save a Canva design as a draft, for Canva's own integration. Source: POST /campaigns/canva."""
        body = given(
            {
                "bundle_url": bundle_url,
                "title": title,
                "design_token": design_token,
                "page_id": page_id,
                "campaign_id": campaign_id,
            }
        )
        return await self._sender.send(_DRAFT, Request("POST", "campaigns", "canva", body=body, repeatable=False))

    async def canva_design_state(self) -> CanvaDesign:
        """Return the Canva design in use. Raises NotFound. Source: GET /campaigns/canva/design-state."""
        return await self._sender.send(_DESIGN, Request("GET", "campaigns", "canva", "design-state"))
