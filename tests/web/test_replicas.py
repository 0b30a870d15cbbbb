"""Two replicas in one process, over a real Redis: what one of them knows, the other knows, too."""

from collections.abc import AsyncIterator

import anyio
import httpx2
import pytest

from deploy.programs import Redis
from flodesk_mcp.deadline import WaitDeadline
from flodesk_mcp.flodesk import BearerToken
from flodesk_mcp.highlevel.client import both_quotas
from flodesk_mcp.quota import QuotaSpent, QuotaUnknown
from flodesk_mcp.quota.several import SeveralQuotas
from flodesk_mcp.settings import load_settings
from flodesk_mcp.store import StoredAccounts, StoredTokens
from flodesk_mcp.web.auth.wrong_proofs import MAX_WRONG
from flodesk_mcp.web.replicas import Replicas
from flodesk_mcp.web.settings import HostedSettings

from .calls import LIST_TOOLS, Hosted

pytestmark = pytest.mark.anyio

SECONDS = 60
BURST, BURST_SECONDS = 3, 1.0
DAY, DAY_SECONDS = 8, 60.0
WRONG = {"Authorization": "Bearer fmcp_0000000000000000_wrong"}


@pytest.fixture(autouse=True)
def _among_replicas(monkeypatch: pytest.MonkeyPatch, redis_server: Redis, encryption_key: str) -> None:
    monkeypatch.setenv("FLODESK_REDIS_URL", redis_server.url)


@pytest.fixture
async def replicas() -> AsyncIterator[list[Replicas]]:
    one, other = (Replicas(load_settings(HostedSettings)) for _ in range(2))
    async with one.running(), other.running():
        yield [one, other]


async def test_of_two_replicas_one_gets_what_may_happen_once(replicas: list[Replicas]) -> None:
    one, other = (replica.claims("answer", SECONDS, 10) for replica in replicas)
    assert [await one.claim("name"), await other.claim("name"), await one.claim("name")] == [True, False, False]
    assert await other.claim("another name")
    assert [await other.is_claimed("name"), await other.is_claimed("unknown")] == [True, False]


async def test_claims_for_one_purpose_are_none_for_another(replicas: list[Replicas]) -> None:
    assert await replicas[0].claims("answer", SECONDS, 10).claim("name")
    assert not await replicas[1].claims("ended session", SECONDS, 10).is_claimed("name")


async def test_while_redis_is_away_nothing_is_claimed_that_may_happen_once(
    replicas: list[Replicas], redis_server: Redis
) -> None:
    claims = replicas[0].claims("answer", SECONDS, 10)
    assert await claims.claim("first")
    redis_server.kill()
    assert not await claims.claim("second")
    assert replicas[0].checks["redis"]()


async def test_who_shows_wrong_tokens_to_one_replica_waits_at_the_other(
    hosted: Hosted, state: tuple[StoredAccounts, StoredTokens]
) -> None:
    async def status(client: httpx2.AsyncClient) -> int:
        return (await client.post("/mcp", json=LIST_TOOLS, headers=WRONG)).status_code

    async with hosted(auth="tokens") as one, hosted(auth="tokens") as other:
        with anyio.fail_after(20):
            while (await one.get("/readyz")).json()["checks"]["redis"] != "ok":
                await anyio.lowlevel.checkpoint()
            assert [await status(one) for _ in range(MAX_WRONG)] == [401] * MAX_WRONG
            while await status(other) != 429:
                pass
        assert await status(one) == 429


async def test_replicas_share_both_quotas_of_a_providers_account(replicas: list[Replicas]) -> None:
    both = [highlevel_quota(replica, "pit-ann") for replica in replicas]
    times: list[float] = []
    with anyio.fail_after(60):
        while len(times) < DAY:
            async with both[len(times) % 2].slot(WaitDeadline(anyio.current_time() + 30)):
                times.append(anyio.current_time())
    assert all(times[place + BURST] - times[place] >= BURST_SECONDS for place in range(DAY - BURST))
    assert times[-1] - times[0] < DAY_SECONDS
    for quota in both:
        with pytest.raises(QuotaSpent) as spent:
            async with quota.slot(WaitDeadline(anyio.current_time() + 2 * BURST_SECONDS)):
                pass
        assert spent.value.seconds > DAY_SECONDS / 2
    other = highlevel_quota(replicas[0], "pit-ben")
    async with other.slot(WaitDeadline(anyio.current_time())):  # which is another account
        pass


async def test_while_redis_is_away_nothing_is_sent_to_a_provider(replicas: list[Replicas], redis_server: Redis) -> None:
    quota = highlevel_quota(replicas[0], "pit-ann")
    async with quota.slot(WaitDeadline(anyio.current_time() + 30)):
        pass
    redis_server.kill()
    with pytest.raises(QuotaUnknown):
        async with quota.slot(WaitDeadline(anyio.current_time() + 1)):
            pass


def highlevel_quota(replica: Replicas, token: str) -> SeveralQuotas:
    """Return the two quotas of a location, smaller and shorter than they are."""
    credential = BearerToken(token)
    burst = replica.provider_quota(credential, "highlevel burst", BURST, BURST_SECONDS)
    day = replica.provider_quota(credential, "highlevel day", DAY, DAY_SECONDS)
    return both_quotas(burst, day)
