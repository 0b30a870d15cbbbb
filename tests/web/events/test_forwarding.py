"""Events that go on to the operator's own system: signed, retried for a day, by one process at a time."""

import base64
import json
import os
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import anyio
import httpx2
import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flodesk_mcp.events.forwarding import Destination, Forwarder
from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.settings import SettingsError, load_settings
from flodesk_mcp.store import Delivery, Store, StoredDeliveries
from flodesk_mcp.web.settings import HostedSettings

from ..serving import serve_in_thread
from .hooks import joined, receiving, unsubscribed

pytestmark = pytest.mark.anyio

SECRET = f"whsec_{base64.b64encode(b'a secret of thirty-two bytes ...').decode()}"
CRM = "https://crm.example.com/in"
DAY = 24 * 3600


class Crm:
    """The operator's own system, which takes posts or not."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.headers: dict[str, str] = {}
        self.posts: list[tuple[str, Any]] = []

    def take(self, id: str, message: Any) -> int:
        """Take a message, and return the status of the answer."""
        self.posts.append((id, message))
        return self.statuses.pop(0) if self.statuses else 200

    def app(self) -> Starlette:
        async def endpoint(request: Request) -> Response:
            message = Webhook(SECRET).verify(await request.body(), dict(request.headers))
            return Response(status_code=self.take(request.headers["webhook-id"], message))

        return Starlette(routes=[Route("/in", endpoint, methods=["POST"])])

    def http(self) -> httpx2.AsyncClient:
        def answer(request: httpx2.Request) -> httpx2.Response:
            message = json.loads(request.content)  # signed at another time than this machine's
            return httpx2.Response(self.take(request.headers["webhook-id"], message), headers=self.headers)

        return httpx2.AsyncClient(transport=httpx2.MockTransport(answer))


@pytest.fixture
async def waiting(flodesk: Sandbox, store: Store) -> None:
    """Three events that are verified, and wait to be passed on."""
    async with receiving(flodesk, store) as server:
        for person in range(3):
            await server.post(joined(f"person-{person}"))
        await server.until(3)
    assert await store.deliveries.replay(None, None, 0, failed=False) == 3


Deliveries = Callable[[], Awaitable[list[Delivery]]]


class Clock:
    """The time of day of a forwarder, from now on, moved by the test."""

    def __init__(self, seconds: float) -> None:
        self.now = seconds

    def __call__(self) -> float:
        return self.now


def _forwarder(store: Store, clock: Callable[[], float]) -> Forwarder:
    deliveries = StoredDeliveries(store.accounts._database, clock)
    return Forwarder(deliveries, Destination(CRM, SecretStr(SECRET)), clock)


async def _all(store: Store) -> list[Delivery]:
    return await store.deliveries.list(None, None, 100)


async def test_a_verified_event_goes_on_signed_and_one_that_flodesk_denies_does_not(
    flodesk: Sandbox, store: Store
) -> None:
    crm = Crm()
    flodesk.accounts["key-ann"].subscribers["person-0"].status = "unsubscribed"
    with serve_in_thread(crm.app()) as url:
        async with receiving(flodesk, store, forward_url=f"{url}/in", forward_secret=SECRET) as server:
            assert await server.post(unsubscribed("person-2")) == 200
            await server.settled()
            assert await server.post(unsubscribed("person-0")) == 200
            (event,) = await server.until(1)
            with anyio.fail_after(20):
                while [delivery.state for delivery in await _all(store)] != ["delivered"]:  # noqa: ASYNC110
                    await anyio.sleep(0.02)
    ((sent, message),) = crm.posts
    assert sent == event["id"]
    assert message["type"] == "subscriber.unsubscribed"
    assert message["timestamp"] == "2026-03-02T10:00:00.123456Z"
    assert message["data"]["account"] == "ann"
    person = message["data"]["subscriber"]
    assert (person["id"], person["email"], person["status"]) == ("person-0", "person-0@example.com", "unsubscribed")


@pytest.mark.usefixtures("waiting")
async def test_what_is_not_taken_is_tried_again_after_growing_gaps_for_a_day_and_then_given_up(store: Store) -> None:
    crm, clock = Crm(*[500] * 100), Clock(0)
    tried_at = []
    async with crm.http() as http:
        while waiting := [delivery for delivery in await _all(store) if delivery.state == "waiting"]:
            clock.now = max(delivery.due_at for delivery in waiting)
            tried_at.append(clock.now)
            await _forwarder(store, clock).deliver_some(http)  # a new one each time, as after a restart
    gaps = [later - earlier for earlier, later in pairwise(tried_at)]
    assert gaps == sorted(gaps)
    assert DAY <= clock.now - tried_at[0] <= 1.2 * DAY
    assert {(delivery.state, delivery.outcome) for delivery in await _all(store)} == {("failed", "answered 500")}
    assert len({event for event, _ in crm.posts}) == 3
    assert len(crm.posts) == 3 * 9


@pytest.mark.usefixtures("waiting")
async def test_two_processes_deliver_each_event_once(store: Store) -> None:
    crm, clock = Crm(), Clock((await _all(store))[0].due_at)
    async with crm.http() as http, anyio.create_task_group() as processes:
        for _ in range(4):
            processes.start_soon(_forwarder(store, clock).deliver_some, http)
    assert sorted(event for event, _ in crm.posts) == sorted(delivery.event_id for delivery in await _all(store))


@pytest.mark.usefixtures("waiting")
async def test_what_a_dead_process_had_is_delivered_by_another_a_minute_later(store: Store) -> None:
    crm, clock = Crm(), Clock((await _all(store))[0].due_at)
    claimed = await StoredDeliveries(store.accounts._database, clock).claim(10, 60)
    assert len(claimed) == 3
    async with crm.http() as http:
        await _forwarder(store, clock).deliver_some(http)
        assert not crm.posts
        clock.now += 61
        await _forwarder(store, clock).deliver_some(http)
    assert {delivery.state for delivery in await _all(store)} == {"delivered"}


@pytest.mark.usefixtures("waiting")
async def test_a_redirect_is_no_delivery_and_is_not_followed(store: Store) -> None:
    crm, clock = Crm(*[307] * 3), Clock((await _all(store))[0].due_at)
    crm.headers["Location"] = "https://elsewhere.example.com/"
    async with crm.http() as http:
        await _forwarder(store, clock).deliver_some(http)
    assert len(crm.posts) == 3
    assert {(delivery.state, delivery.outcome) for delivery in await _all(store)} == {
        ("waiting", "answered 307: redirects are not followed")
    }


@pytest.mark.usefixtures("waiting")
async def test_a_receiver_says_when_to_come_again_or_that_it_is_gone(store: Store) -> None:
    crm, clock = Crm(503, 410, 503), Clock((await _all(store))[0].due_at)
    crm.headers["Retry-After"] = "900"
    async with crm.http() as http:
        await _forwarder(store, clock).deliver_some(http)
    found = await _all(store)
    assert sorted(delivery.state for delivery in found) == ["failed", "waiting", "waiting"]
    assert {delivery.due_at - clock.now for delivery in found if delivery.state == "waiting"} == {900}


@pytest.mark.usefixtures("waiting")
async def test_a_replay_goes_on_under_the_same_id_and_what_is_under_way_is_not_doubled(store: Store) -> None:
    crm, clock = Crm(500, 410, 410), Clock((await _all(store))[0].due_at)
    async with crm.http() as http:
        await _forwarder(store, clock).deliver_some(http)
        assert await store.deliveries.replay(None, None, 0, failed=False) == 2
        assert await store.deliveries.replay(None, None, None, failed=True) == 0
        clock.now += 60
        await _forwarder(store, Clock(clock.now)).deliver_some(http)
    assert len(crm.posts) == 6
    assert len({event for event, _ in crm.posts}) == 3
    assert {delivery.state for delivery in await _all(store)} == {"delivered", "failed"}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"forward_url": CRM}, "belong together"),
        ({"forward_secret": SECRET}, "belong together"),
        ({"forward_url": "http://crm.example.com/in", "forward_secret": SECRET}, "must be https"),
        ({"forward_url": CRM, "forward_secret": "whsec_short"}, "24 to 64 bytes"),
        ({"forward_url": CRM, "forward_secret": SECRET, "auth": "headers"}, "needs a database"),
    ],
)
def test_where_events_go_on_to_is_checked_at_the_start(settings: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words) as refused:
        load_settings(HostedSettings, **{"auth": "tokens", **settings}).check()
    assert "whsec" not in str(refused.value).replace("whsec_ and", "")


def test_every_new_secret_signs() -> None:
    secret = f"whsec_{base64.b64encode(os.urandom(32)).decode()}"
    settings = load_settings(HostedSettings, auth="tokens", forward_url=CRM, forward_secret=secret)
    assert settings.forward_secret
    assert Webhook(settings.forward_secret.get_secret_value())
    assert secret not in repr(settings)
