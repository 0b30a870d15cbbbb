"""An account that others change while it is read."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import anyio
import httpx2

from flodesk_mcp.flodesk import ApiKey, FlodeskClient, open_http
from flodesk_mcp.quota import WindowQuota
from flodesk_mcp.sandbox import SANDBOX_API_KEY, Account, Sandbox
from flodesk_mcp.sandbox.account import Subscriber as Person

from .operations import SAMPLE, SEGMENT

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)

Change = Callable[["Audience"], None]


class Audience:
    """The people of an account, and those who were there all the time."""

    def __init__(self, account: Account, number: int) -> None:
        self._account = account
        self._made = 0
        self._left: set[str] = set()
        self.add(number)
        self.first = set(account.subscribers)

    @property
    def ids(self) -> list[str]:
        """Everybody in the order of the list."""
        return [person.id for person in reversed(self._account.subscribers.values())]

    @property
    def stayed(self) -> set[str]:
        """Those who were in the list from the beginning, and never left it."""
        return self.first - self._left

    def add(self, number: int) -> None:
        """Add people in front."""
        for _ in range(number):
            self._made += 1
            person = Person(f"{self._made:024x}", f"{self._made}@example.com", BEGAN + timedelta(minutes=self._made))
            person.segment_ids = [SEGMENT]
            self._account.subscribers[person.id] = person

    def insert(self, place: int) -> None:
        """Add somebody in the middle, as one who enters a segment does: older than those before."""
        people = list(self._account.subscribers.values())
        place = len(people) - place
        neighbour = people[place]
        self._made += 1
        people.insert(place, replace(neighbour, id=f"{self._made:024x}", email=f"{self._made}@example.com"))
        self._account.subscribers.clear()
        self._account.subscribers.update({person.id: person for person in people})

    def remove(self, *ids: str) -> None:
        """Let people leave."""
        for known in ids:
            if self._account.subscribers.pop(known, None):
                self._left.add(known)


class Changing(httpx2.AsyncBaseTransport):
    """Makes a change after each answer, which is between two pages; each takes so many `seconds`."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, audience: Audience) -> None:
        self._inner = inner
        self._audience = audience
        self.changes: list[Change] = []
        self.seconds = 0.0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await anyio.sleep(self.seconds)
        answer = await self._inner.handle_async_request(request)
        if self.changes:
            self.changes.pop(0)(self._audience)
        return answer


class Flodesk:
    """A client of a Flodesk with so many people, where changes happen between the pages."""

    def __init__(self, people: int = 420, requests_per_minute: int = 10_000) -> None:
        account = Account(segments={SEGMENT: replace(SAMPLE.segments[SEGMENT])})
        self.sandbox = Sandbox({SANDBOX_API_KEY: account}, requests_per_minute=10_000)
        self.audience = Audience(account, people)
        self.transport = Changing(self.sandbox.transport(), self.audience)
        quota = WindowQuota(requests_per_minute)
        self.client = FlodeskClient(ApiKey(SANDBOX_API_KEY), http=open_http(self.transport), quota=quota)

    async def read(self, *changes: Change, each: Callable[[str], None] = lambda known: None) -> list[str]:
        """Read everybody, with one of `changes` after each page, and `each` done with everybody as they come."""
        self.transport.changes = list(changes)
        read = []
        async for person in self.client.subscribers.every():
            read.append(person.id)
            each(person.id)
        return read


def assert_all_who_stayed_came_once(read: list[str], audience: Audience) -> None:
    assert len(read) == len(set(read))
    assert not audience.stayed - set(read)
