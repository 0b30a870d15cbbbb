"""A FlowNurture account, as typed async methods of its resources."""

from functools import cached_property

import httpx2

from flodesk_mcp.api.client import ApiClient
from flodesk_mcp.api.credentials import Credential
from flodesk_mcp.flownurture.contacts import Contacts
from flodesk_mcp.flownurture.segments import Segments
from flodesk_mcp.flownurture.service import FLOWNURTURE
from flodesk_mcp.flownurture.workflows import Workflows
from flodesk_mcp.quota import Quota, WindowQuota

__all__ = ["BASE_URL", "REQUESTS_PER_MINUTE", "FlowNurtureClient"]

BASE_URL = "https://api.flownurture.com/api/v1"
REQUESTS_PER_MINUTE = 60


class FlowNurtureClient(ApiClient):
    """One FlowNurture account, opened by a BearerToken: a key that begins with `fn_`.

    Every method raises a FlodeskError and nothing else.
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
            FLOWNURTURE,
            credential,
            identity=identity,
            base_url=base_url,
            http=http,
            quota=quota or WindowQuota(REQUESTS_PER_MINUTE),
            max_wait_seconds=max_wait_seconds,
            timeout_seconds=timeout_seconds,
        )

    @cached_property
    def contacts(self) -> Contacts:
        """The people."""
        return Contacts(self._sender)

    @cached_property
    def segments(self) -> Segments:
        """Parts of the audience, made by rules."""
        return Segments(self._sender)

    @cached_property
    def workflows(self) -> Workflows:
        """The automations."""
        return Workflows(self._sender)
