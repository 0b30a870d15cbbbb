"""What an operator is woken by, for Prometheus: numbers alone, with labels of which there are few.

No label tells who somebody is: accounts are hashes, of which the busiest are shown, and tools are those of the catalog.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from heapq import nlargest
from operator import itemgetter
from types import TracebackType
from typing import Any

import anyio
import anyio.to_thread
import httpx2
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from flodesk_mcp.deadline import WaitDeadline
from flodesk_mcp.observability import audit
from flodesk_mcp.quota import Quota, QuotaSpent, Slot

__all__ = ["Metrics"]

MOST_ACCOUNTS = 50
CALL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60)
WAIT_SECONDS = (0.001, 0.1, 0.5, 1, 2.5, 5, 10, 20, 60)

ASKED_SECONDS = 5

State = Callable[[], Coroutine[Any, Any, tuple[Iterable[tuple[str, int]], Mapping[str, int]]]]
"""Returns accounts, as hashes, with how many of their requests count in this minute; and the jobs by their states."""


class Metrics:
    """All that is counted. One application has one."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._calls = Counter("flodesk_mcp_calls", "Calls of tools", ["tool", "outcome"], registry=registry)
        self._call_seconds = Histogram(
            "flodesk_mcp_call_seconds", "How long calls took", buckets=CALL_SECONDS, registry=registry
        )
        self._requests = Counter("flodesk_mcp_flodesk_answers", "Flodesk's answers", ["status"], registry=registry)
        self._waits = Histogram(
            "flodesk_mcp_quota_wait_seconds", "How long requests waited", buckets=WAIT_SECONDS, registry=registry
        )
        self._refusals = Counter("flodesk_mcp_quota_refusals", "Requests that could not wait", registry=registry)
        self._waiting = Gauge("flodesk_mcp_quota_waiting", "Requests that wait for quota now", registry=registry)
        self._sign_ins = Counter(
            "flodesk_mcp_sign_ins", "Programs that people connected", ["outcome"], registry=registry
        )
        self._events = Counter("flodesk_mcp_events", "Events that were posted here", ["outcome"], registry=registry)
        self._handler = _SignIns(self._sign_ins)

    def called(self, tool: str, outcome: str, seconds: float) -> None:
        """Count a call."""
        self._calls.labels(tool, outcome).inc()
        self._call_seconds.observe(seconds)

    async def answered(self, response: httpx2.Response) -> None:
        """Count an answer of Flodesk."""
        status = str(response.status_code) if response.status_code in {401, 429} else f"{response.status_code // 100}xx"
        self._requests.labels(status).inc()

    def event(self, outcome: str) -> None:
        """Count an event that somebody posted: what became of it, one of few words."""
        self._events.labels(outcome).inc()

    def measured(self, quota: Quota) -> Quota:
        """Return `quota`, whose waits are counted from now on."""
        return _MeasuredQuota(quota, self._waits, self._waiting, self._refusals)

    @asynccontextmanager
    async def served(self, host: str, port: int, state: State) -> AsyncIterator[int]:
        """Serve `/metrics` for as long as the block lasts, at an address of its own; return its port.

        Raises OSError where that is taken.
        """
        collector = _Asked(state)
        self.registry.register(collector)
        logger = logging.getLogger(audit.__name__)
        logger.addHandler(self._handler)
        server, thread = start_http_server(port, host, self.registry)
        try:
            yield server.server_port
        finally:
            with anyio.CancelScope(shield=True):  # in a thread: whoever asks just now waits for this loop
                await anyio.to_thread.run_sync(server.shutdown)
            server.server_close()
            thread.join()
            logger.removeHandler(self._handler)
            self.registry.unregister(collector)


class _SignIns(logging.Handler):
    """Counts what the audit says of sign-ins."""

    def __init__(self, counter: Counter) -> None:
        super().__init__()
        self._counter = counter

    def emit(self, record: logging.LogRecord) -> None:
        told = getattr(record, "audit", {})
        if "tool" not in told and (outcome := told.get("outcome")) in {"connected", "ended"}:
            self._counter.labels(outcome).inc()


class _Asked:
    """What is looked at when somebody asks, in the loop that everything else runs in."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._loop = asyncio.get_running_loop()

    def collect(self) -> Iterator[Metric]:
        used, by_state = asyncio.run_coroutine_threadsafe(self._state(), self._loop).result(ASKED_SECONDS)
        accounts = GaugeMetricFamily(
            "flodesk_mcp_quota_used", "Requests that count in this minute, of the busiest accounts", labels=["account"]
        )
        for account, requests in nlargest(MOST_ACCOUNTS, used, key=itemgetter(1)):
            accounts.add_metric([account], requests)
        yield accounts
        jobs = GaugeMetricFamily("flodesk_mcp_jobs", "Jobs that wait or run", labels=["state"])
        for name in ("waiting", "running"):
            jobs.add_metric([name], by_state.get(name, 0))
        yield jobs


class _MeasuredQuota:
    """A quota whose waits are counted."""

    def __init__(self, quota: Quota, waits: Histogram, waiting: Gauge, refusals: Counter) -> None:
        self._waits = waits
        self._waiting = waiting
        self._refusals = refusals
        self._quota = quota
        self.observe = quota.observe
        self.close_for = quota.close_for
        self.seconds_until_free = quota.seconds_until_free
        self.free = quota.free

    def slot(self, deadline: WaitDeadline, *, batch: bool = False) -> AbstractAsyncContextManager[Slot]:
        """Hold what one request needs, and count how long it waited for that."""
        return _MeasuredSlot(self._quota.slot(deadline, batch=batch), self._waits, self._waiting, self._refusals)


class _MeasuredSlot:
    def __init__(
        self, slot: AbstractAsyncContextManager[Slot], waits: Histogram, waiting: Gauge, refusals: Counter
    ) -> None:
        self._slot = slot
        self._waits = waits
        self._waiting = waiting
        self._refusals = refusals

    async def __aenter__(self) -> Slot:
        began = time.monotonic()
        self._waiting.inc()
        try:
            return await self._slot.__aenter__()
        except QuotaSpent:
            self._refusals.inc()
            raise
        finally:
            self._waiting.dec()
            self._waits.observe(time.monotonic() - began)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._slot.__aexit__(kind, error, trace)
