"""Headers of a Flodesk, or of something in its place, that make no sense: memory and waits stay bounded."""

import tracemalloc

import anyio
import httpx2
import pytest

from flodesk_mcp.flodesk import BearerToken, FlodeskClient, QuotaExhausted, open_http
from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, Sandbox

from .crowd import HOUR, at_once, listings

pytestmark = pytest.mark.anyio

MEBIBYTE = 2**20


class Liar(httpx2.AsyncBaseTransport):
    """Puts headers of its own, and a status, on what the sandbox answers."""

    def __init__(self, status: int | None, headers: dict[str, str]) -> None:
        self._inner = Sandbox(requests_per_minute=1000).transport()
        self._status = status
        self._headers = headers

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._inner.handle_async_request(request)
        answer.headers.update(self._headers)
        answer.status_code = self._status or answer.status_code
        return answer


def lied_to(headers: dict[str, str], *, status: int | None = None, max_wait: float = HOUR) -> FlodeskClient:
    return FlodeskClient(
        BearerToken(SANDBOX_ACCESS_TOKEN), http=open_http(Liar(status, headers)), max_wait_seconds=max_wait
    )


@pytest.mark.parametrize("remaining", ["0", "1", "999999998", "999999999", "-1", "NaN", "1e9", "9" * 5000])
@pytest.mark.parametrize("limit", ["999999999", "100", "1", "0", "-5", "inf", "9" * 5000])
async def test_no_quota_header_costs_memory_or_shuts_us_out_for_more_than_a_minute(limit: str, remaining: str) -> None:
    flodesk = lied_to({"X-Fd-RateLimit-Limit": limit, "X-Fd-RateLimit-Remaining": remaining})
    tracemalloc.start()
    try:
        for _ in range(3):
            await flodesk.segments.list()
        assert tracemalloc.get_traced_memory()[1] < 20 * MEBIBYTE
    finally:
        tracemalloc.stop()
    assert anyio.current_time() <= 2 * 60.5 + 0.1


async def test_a_huge_limit_of_which_little_remains_slows_us_down() -> None:
    flodesk = lied_to({"X-Fd-RateLimit-Limit": "999999999", "X-Fd-RateLimit-Remaining": "0"}, max_wait=20)
    await flodesk.segments.list()
    with pytest.raises(QuotaExhausted) as refused:
        await flodesk.segments.list()
    assert refused.value.retry_after == pytest.approx(60.5)


async def test_a_huge_limit_of_which_much_remains_changes_nothing() -> None:
    flodesk = lied_to({"X-Fd-RateLimit-Limit": "999999999", "X-Fd-RateLimit-Remaining": "999999000"})
    assert await at_once(listings(flodesk, 100)) == []
    assert anyio.current_time() == 0


@pytest.mark.parametrize(
    "seconds", ["999999999999", "9" * 5000, "-999", "NaN", "1e400", "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970"]
)
async def test_no_retry_after_shuts_us_out_for_more_than_an_hour(seconds: str) -> None:
    with pytest.raises(QuotaExhausted) as refused:
        await lied_to({"Retry-After": seconds}, status=429, max_wait=20).segments.list()
    assert 0 < refused.value.retry_after <= 3600
