"""A Flodesk account, as typed async methods."""

from types import TracebackType
from typing import Self

import httpx2
from pydantic import TypeAdapter

from flodesk_mcp.flodesk.campaigns import Campaigns
from flodesk_mcp.flodesk.credentials import AccessToken, Credential
from flodesk_mcp.flodesk.models import Account, Profile
from flodesk_mcp.flodesk.segments import Segments
from flodesk_mcp.flodesk.subscribers import Subscribers
from flodesk_mcp.flodesk.transport import Transport, open_http
from flodesk_mcp.flodesk.webhooks import Webhooks
from flodesk_mcp.flodesk.workflows import Workflows
from flodesk_mcp.quota.quota import Quota

__all__ = ["BASE_URL", "FlodeskClient"]

BASE_URL = "https://api.flodesk.com/v1"

_PROFILE = TypeAdapter(Profile)


class FlodeskClient(Subscribers, Segments, Workflows, Webhooks, Campaigns):
    """One Flodesk account: a method for each operation of the API, within its quota, with safe repeats.

        async with FlodeskClient(ApiKey("...")) as flodesk:
            page = await flodesk.list_segments()

    Every method raises a FlodeskError and nothing else. `http` shares one HTTP client among many accounts, and is
    then the caller's to close. `max_wait_seconds` bounds what one call waits for quota and repeats,
    `timeout_seconds` what one request may take.
    """

    def __init__(
        self,
        credential: Credential,
        *,
        base_url: str = BASE_URL,
        http: httpx2.AsyncClient | None = None,
        quota: Quota | None = None,
        max_wait_seconds: float = 20,
        timeout_seconds: float = 30,
    ) -> None:
        self._http = http or open_http()
        self._owns_http = http is None
        self._credential = credential
        self._quota = quota or Quota()
        super().__init__(
            Transport(
                self._http,
                credential,
                base_url=base_url,
                quota=self._quota,
                max_wait_seconds=max_wait_seconds,
                timeout_seconds=timeout_seconds,
            )
        )

    async def get_profile(self) -> Profile:
        """Return who granted the access token; an API key gets Unauthorized. Source: GET /oauth2/userinfo."""
        return await self._send(_PROFILE, "GET", "oauth2", "userinfo", versioned=False)

    async def get_account(self) -> Account:
        """Return what can be known of the account: counts for every credential, its owner for an access token.

        Source: GET /subscribers, GET /segments, GET /oauth2/userinfo.
        """
        with self._transport.one_deadline():
            owner = await self.get_profile() if isinstance(self._credential, AccessToken) else None
            everybody = await self.list_subscribers(per_page=1)
            active = await self.list_subscribers(per_page=1, status="active")
            segments = await self.list_segments(per_page=1)
        return Account(
            credential="access token" if owner else "API key",
            email=owner and owner.email,
            full_name=owner and owner.full_name,
            requests_left=self._quota.requests.free(),
            subscribers=everybody.meta.total_items,
            active_subscribers=active.meta.total_items,
            segments=segments.meta.total_items,
        )

    async def aclose(self) -> None:
        """Close the connections, unless they belong to the caller."""
        if self._owns_http:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
