"""A location of HighLevel, as typed async methods of its resources."""

from functools import cached_property

import httpx2

from flodesk_mcp.api.client import ApiClient
from flodesk_mcp.api.credentials import Credential
from flodesk_mcp.highlevel.contacts import Contacts
from flodesk_mcp.highlevel.locations import Location
from flodesk_mcp.highlevel.service import HighLevel
from flodesk_mcp.highlevel.social import SocialPlanner
from flodesk_mcp.quota import Quota, WindowQuota
from flodesk_mcp.quota.several import SeveralQuotas

__all__ = [
    "BASE_URL",
    "BURST_SECONDS",
    "DAY_SECONDS",
    "REQUESTS_A_BURST",
    "REQUESTS_A_DAY",
    "VERSION",
    "HighLevelClient",
    "both_quotas",
]

BASE_URL = "https://services.leadconnectorhq.com"
VERSION = "2021-07-28"
NEWEST = "v3"

REQUESTS_A_BURST, BURST_SECONDS = 100, 10.0
REQUESTS_A_DAY, DAY_SECONDS = 200_000, 86_400.0
BETWEEN_THE_TWO = 5_000


def both_quotas(burst: Quota, day: Quota) -> SeveralQuotas:
    """Return the quota of a location, made of those for ten seconds and for a day."""
    return SeveralQuotas(burst, day, wide_above=BETWEEN_THE_TWO)


class HighLevelClient(ApiClient):
    """One location (sub-account), opened by a BearerToken: a private integration's, or an OAuth access token.

    `version` goes with every request. Every method raises a FlodeskError and nothing else.
    """

    def __init__(
        self,
        credential: Credential,
        location_id: str,
        *,
        version: str = VERSION,
        identity: str | None = None,
        base_url: str = BASE_URL,
        http: httpx2.AsyncClient | None = None,
        quota: Quota | None = None,
        max_wait_seconds: float = 20,
        timeout_seconds: float = 30,
    ) -> None:
        super().__init__(
            HighLevel(version),
            credential,
            identity=identity,
            base_url=base_url,
            http=http,
            quota=quota
            or both_quotas(
                WindowQuota(REQUESTS_A_BURST, minute=BURST_SECONDS), WindowQuota(REQUESTS_A_DAY, minute=DAY_SECONDS)
            ),
            max_wait_seconds=max_wait_seconds,
            timeout_seconds=timeout_seconds,
        )
        self._location_id = location_id
        self._value_key = "fieldValue" if version == NEWEST else "field_value"

    @cached_property
    def contacts(self) -> Contacts:
        """The people."""
        return Contacts(self._sender, self._location_id, value_key=self._value_key)

    @cached_property
    def location(self) -> Location:
        """Tags, custom fields, workflows and users."""
        return Location(self._sender, self._location_id)

    @cached_property
    def social(self) -> SocialPlanner:
        """The social planner."""
        return SocialPlanner(self._sender, self._location_id)
