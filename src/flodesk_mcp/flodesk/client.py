"""A Flodesk account, as typed async methods of its resources."""

from functools import cached_property

import httpx2

from flodesk_mcp.api.client import ApiClient
from flodesk_mcp.api.credentials import Credential
from flodesk_mcp.flodesk.account import ConnectedAccount
from flodesk_mcp.flodesk.campaigns import Campaigns
from flodesk_mcp.flodesk.custom_fields import CustomFields
from flodesk_mcp.flodesk.segments import Segments
from flodesk_mcp.flodesk.service import FLODESK
from flodesk_mcp.flodesk.subscribers import Subscribers
from flodesk_mcp.flodesk.webhooks import Webhooks
from flodesk_mcp.flodesk.workflows import Workflows
from flodesk_mcp.quota import Quota, WindowQuota

__all__ = ["BASE_URL", "FlodeskClient"]

BASE_URL = "https://api.flodesk.com/v1"


class FlodeskClient(ApiClient):
    """One Flodesk account: a method for each operation of the API, within its quota, with safe repeats.

        async with FlodeskClient(ApiKey("...")) as flodesk:
            page = await flodesk.segments.list()

    Every method raises a FlodeskError and nothing else. `identity` is what the account is known by, whatever its
    credential is at the moment; without one, it is made from the credential. `http` shares one HTTP client among many
    accounts, and is then the caller's to close. `max_wait_seconds` bounds what one call waits for quota and repeats,
    `timeout_seconds` what one request may take.
    """

    def __init__(
        self,
        credential: Credential,
        *,
        identity: str | None = None,
        base_url: str = BASE_URL,
        http: httpx2.AsyncClient | None = None,
        quota: Quota | None = None,
        max_wait_seconds: float = 20,
        timeout_seconds: float = 30,
    ) -> None:
        super().__init__(
            FLODESK,
            credential,
            identity=identity,
            base_url=base_url,
            http=http,
            quota=quota or WindowQuota(),
            max_wait_seconds=max_wait_seconds,
            timeout_seconds=timeout_seconds,
        )

    @cached_property
    def subscribers(self) -> Subscribers:
        """The people on the list."""
        return Subscribers(self._sender, self.custom_fields)

    @cached_property
    def segments(self) -> Segments:
        """The named parts of the audience."""
        return Segments(self._sender)

    @cached_property
    def workflows(self) -> Workflows:
        """The automated sequences of mails."""
        return Workflows(self._sender)

    @cached_property
    def custom_fields(self) -> CustomFields:
        """The fields that people can have beside their names."""
        return CustomFields(self._sender)

    @cached_property
    def webhooks(self) -> Webhooks:
        """The addresses that are told of events."""
        return Webhooks(self._sender)

    @cached_property
    def campaigns(self) -> Campaigns:
        """The mailings and their drafts."""
        return Campaigns(self._sender)

    @cached_property
    def account(self) -> ConnectedAccount:
        """The account itself."""
        return ConnectedAccount(self._sender, self._transport, self.subscribers, self.segments)
