"""Operations on the account itself."""

from pydantic import TypeAdapter

from flodesk_mcp.api.credentials import ApiKey
from flodesk_mcp.api.request import Request
from flodesk_mcp.api.retry import Sender
from flodesk_mcp.api.transport import Transport
from flodesk_mcp.flodesk.models import AccountSummary, Profile
from flodesk_mcp.flodesk.segments import Segments
from flodesk_mcp.flodesk.subscribers import Subscribers

__all__ = ["ConnectedAccount"]

_PROFILE = TypeAdapter(Profile)


class ConnectedAccount:
    """The account that the credential opens."""

    def __init__(self, sender: Sender, transport: Transport, subscribers: Subscribers, segments: Segments) -> None:
        self._sender = sender
        self._transport = transport
        self._subscribers = subscribers
        self._segments = segments

    async def profile(self) -> Profile:
        """Return who granted the access token; an API key gets Unauthorized. Source: GET /oauth2/userinfo."""
        return await self._sender.send(_PROFILE, Request("GET", "oauth2", "userinfo", versioned=False))

    async def summary(self) -> AccountSummary:
        """Return what can be known of the account: counts for every credential, its owner for an access token.

        Source: GET /subscribers, GET /segments, GET /oauth2/userinfo.
        """
        credential = self._transport.credential
        with self._sender.one_deadline():
            owner = None if isinstance(credential, ApiKey) else await self.profile()
            everybody = await self._subscribers.list(per_page=1)
            active = await self._subscribers.list(per_page=1, status="active")
            segments = await self._segments.list(per_page=1)
        return AccountSummary(
            credential=credential.kind,
            email=owner and owner.email,
            full_name=owner and owner.full_name,
            requests_left=self._transport.quota.free(),
            subscribers=everybody.meta.total_items,
            active_subscribers=active.meta.total_items,
            segments=segments.meta.total_items,
        )
