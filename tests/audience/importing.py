"""A Flodesk account, and an audience of it whose jobs run beside the test."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import anyio
import httpx2

from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.files import open_csv, open_people
from flodesk_mcp.audience.job import Job, Outcome
from flodesk_mcp.audience.job_report import report_part
from flodesk_mcp.audience.plan import Plan
from flodesk_mcp.audience.storage import LocalStorage, Storage
from flodesk_mcp.flodesk import ApiKey, FlodeskClient, open_http
from flodesk_mcp.flodesk import Subscriber as Answer
from flodesk_mcp.quota import WindowQuota
from flodesk_mcp.sandbox import SANDBOX_API_KEY, Account, Sandbox
from flodesk_mcp.sandbox.account import CustomField, Segment, Subscriber, SubscriberStatus

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
FAIR, VIP, LEADS = "a" * 24, "b" * 24, "c" * 24


class GrowingAccount(Account):
    """An account whose people only become more, and are therefore found in an index."""

    def find_subscriber(self, id_or_email: str) -> Subscriber | None:
        """Return the subscriber of an id or an e-mail, whose case does not matter."""
        index = self.__dict__.setdefault("index", {})
        for person in islice(reversed(self.subscribers.values()), len(self.subscribers) - len(index)):
            index[person.email.casefold()] = person
        return self.subscribers.get(id_or_email) or index.get(id_or_email.casefold())


class Studio:
    """An account with three segments and two custom fields, and how to open its audience."""

    def __init__(
        self, folder: Path | None = None, *, grows: bool = False, per_minute: tuple[int, int] = (100, 20)
    ) -> None:
        self.account = (GrowingAccount if grows else Account)(
            segments={known: Segment(known, name, "#F2C9C0", BEGAN) for known, name in ((FAIR, "Fair"), (VIP, "VIP"))},
            custom_fields={
                "city": CustomField("city", "City"),
                "weddingDate": CustomField("weddingDate", "Wedding date"),
            },
        )
        self.account.segments[LEADS] = Segment(LEADS, "Leads", "#F2C9C0", BEGAN)
        self.per_minute = per_minute
        requests, batches = per_minute
        self.sandbox = Sandbox(
            {SANDBOX_API_KEY: self.account}, requests_per_minute=requests, batches_per_minute=batches
        )
        self.folder = folder

    def add(
        self, email: str, *segments: str, status: SubscriberStatus = "active", first_name: str = "", **custom: str
    ) -> Subscriber:
        """Put somebody on the list."""
        number = len(self.account.subscribers) + 1
        person = Subscriber(f"{number:024x}", email, BEGAN + timedelta(minutes=number), status, first_name=first_name)
        person.segment_ids = list(segments)
        person.custom_fields = custom
        self.account.subscribers[person.id] = person
        return person

    def members(self, segment: str) -> list[str]:
        """Return the addresses of those who are in a segment."""
        return sorted(person.email for person in self.account.subscribers.values() if segment in person.segment_ids)

    def person(self, email: str) -> Subscriber:
        """Return whom the list has under an address."""
        found = self.account.find_subscriber(email)
        assert found is not None, f"nobody is {email}"
        return found

    @property
    def written(self) -> list[tuple[str, str, Any]]:
        """The requests that wrote."""
        return [(sent.method, sent.path, sent.body) for sent in self.sandbox.requests if sent.method != "GET"]

    @asynccontextmanager
    async def opened(
        self,
        transport: httpx2.AsyncBaseTransport | None = None,
        storage: Storage | None = None,
        clock: Callable[[], float] = time.time,
    ) -> AsyncIterator["Opened"]:
        """Open the audience as one process does: at the end it is as if that were killed."""
        http = open_http(transport or self.sandbox.transport())
        client = FlodeskClient(ApiKey(SANDBOX_API_KEY), http=http, quota=WindowQuota(*self.per_minute))
        storage = storage or LocalStorage(self.folder, "studio")
        async with anyio.create_task_group() as tasks:
            audience = Audience(client, storage, clock, spawn=tasks.start_soon)

            async def note(seen: Sequence[Answer]) -> None:
                await audience.mirror.note(*seen)

            client.subscribers.listener = note
            try:
                yield Opened(audience)
            finally:
                tasks.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await http.aclose()
        await storage.aclose()


class Opened:
    """An audience that is open."""

    def __init__(self, audience: Audience) -> None:
        self.audience = audience

    async def plan(self, people: str | Sequence[Mapping[str, Any]], **choices: Any) -> Plan:
        """Plan an import out of a CSV, or of people."""
        return await self.audience.plan_import(_source(people), **choices)

    async def sync(self, segment: str, people: Any, **choices: Any) -> Plan:
        """Plan who is in a segment, out of a CSV, of people or of conditions."""
        source = _source(people) if isinstance(people, str | list) else people
        return await self.audience.plan_sync(segment, source, **choices)

    async def carried_out(self, plan: Plan) -> Job:
        """Carry a plan out to its end."""
        job = await self.audience.carry_out(plan.id)
        return await self.audience.jobs.wait(job.id, 1e6)

    async def outcomes(self, job: Job) -> dict[int, tuple[str, str | None]]:
        """Return what became of every row, and why."""
        rows: list[Outcome] = []
        while found := await self.audience.jobs.outcomes(job.id, rows[-1].row if rows else -1, 1_000):
            rows += found
        assert len({row.row for row in rows}) == len(rows)
        return {row.row: (row.outcome, row.reason) for row in rows}

    async def report(self, job: Job) -> str:
        """Return what a job tells of its rows, as a client reads it."""
        text = await report_part(self.audience.jobs, job.id, 1)
        assert text is not None
        return text


def _source(people: str | Sequence[Mapping[str, Any]]) -> Any:
    return partial(open_csv, people) if isinstance(people, str) else partial(open_people, people)
