"""Passes verified events on to the operator's own system, signed as Standard Webhooks has it, for a day if need be."""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import anyio
import httpx2
from pydantic import SecretStr
from pydantic_core import from_json, to_json
from standardwebhooks import Webhook

from flodesk_mcp import HOMEPAGE, __version__
from flodesk_mcp.flodesk import open_http
from flodesk_mcp.store import Delivery, StoredDeliveries, StoreError

__all__ = ["GAPS_SECONDS", "Destination", "Forwarder"]

GAPS_SECONDS = (5, 60, 300, 1_800, 7_200, 18_000, 25_200, 36_000)
"""Between one try and the next: a day in all."""

JITTER = 0.1
AT_ONCE = 10
TIMEOUT_SECONDS = 15
CLAIMED_SECONDS = 60
"""Longer than a try takes: after that, another process takes over what a dead one had."""

LOOK_EVERY_SECONDS = 5.0
LONGEST_RETRY_AFTER = 3_600
GONE = 410

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Destination:
    """Where events go on to, and the secret that they are signed with."""

    url: str
    secret: SecretStr


class Forwarder:
    """Delivers each event until it is taken, by one process at a time; a day after the first try it gives up."""

    def __init__(
        self,
        stored: StoredDeliveries,
        destination: Destination,
        now: Callable[[], float],
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        """Take deliveries, where they go, the time of day, and another way there than through the network."""
        self._stored = stored
        self._url = destination.url
        self._signing = Webhook(destination.secret.get_secret_value())
        self._now = now
        self._http = http
        self._woken = anyio.Event()

    def wake(self) -> None:
        """Look at once whether there is anything to deliver."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver what comes, until this is cancelled."""
        async with self._http or open_http() as http:
            while True:
                try:
                    while await self.deliver_some(http):
                        pass
                except StoreError as error:
                    logger.warning("Events wait to be passed on: %s", error, extra={"repeats": "database"})
                except Exception:
                    logger.exception("Events could not be passed on")
                with anyio.move_on_after(LOOK_EVERY_SECONDS):
                    await self._woken.wait()
                self._woken = anyio.Event()

    async def deliver_some(self, http: httpx2.AsyncClient) -> bool:
        """Try those that are due, ten at a time; tell whether there may be more. Raises StoreError."""
        claimed = await self._stored.claim(AT_ONCE, CLAIMED_SECONDS)
        tries: list[tuple[Delivery, _Tried]] = []

        async def attempt(delivery: Delivery) -> None:
            tries.append((delivery, await self._post(http, delivery)))

        async with anyio.create_task_group() as group:
            for delivery in claimed:
                group.start_soon(attempt, delivery)
        for delivery, tried in tries:
            await self._note(delivery, tried)
        return len(claimed) == AT_ONCE

    async def _post(self, http: httpx2.AsyncClient, delivery: Delivery) -> "_Tried":
        body = _body(delivery)
        sent_at = datetime.fromtimestamp(self._now(), UTC)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"flodesk-mcp/{__version__} ({HOMEPAGE})",
            "webhook-id": delivery.event_id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": self._signing.sign(delivery.event_id, sent_at, body),
        }
        try:
            with anyio.fail_after(TIMEOUT_SECONDS):
                request = http.build_request("POST", self._url, content=body.encode(), headers=headers)
                answer = await http.send(request, stream=True, follow_redirects=False)
                await answer.aclose()  # what it says does not matter, and could be endless
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError) as error:
            return _Tried(False, f"no answer ({type(error).__name__})")
        return _Tried(
            answer.is_success,
            f"answered {answer.status_code}" + (": redirects are not followed" if answer.is_redirect else ""),
            is_final=answer.status_code == GONE,
            retry_after=_seconds(answer.headers.get("retry-after", "")),
        )

    async def _note(self, delivery: Delivery, tried: "_Tried") -> None:
        if tried.is_taken:
            await self._stored.end(delivery.number, "delivered", tried.outcome)
        elif tried.is_final or delivery.tries > len(GAPS_SECONDS):
            logger.warning("Event %s was not passed on: %s", delivery.event_id, tried.outcome)
            await self._stored.end(delivery.number, "failed", tried.outcome)
        else:
            gap = GAPS_SECONDS[delivery.tries - 1] * random.uniform(1, 1 + JITTER)  # noqa: S311 - no secret
            await self._stored.end(delivery.number, "waiting", tried.outcome, max(gap, tried.retry_after))


@dataclass(frozen=True)
class _Tried:
    is_taken: bool
    outcome: str
    is_final: bool = False
    retry_after: float = 0


def _body(delivery: Delivery) -> str:
    """Return the message, the same for each try: what happened, and the person as Flodesk answered since."""
    data = {
        "event_id": delivery.event_id,
        "account": delivery.account_name or delivery.account,
        "subscriber": from_json(delivery.person or "{}"),
    }
    if delivery.segment_id is not None:
        data["segment"] = {"id": delivery.segment_id, "name": delivery.segment_name}
    happened = f"{datetime.fromtimestamp(delivery.occurred_at, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    return to_json({"type": delivery.event_type, "timestamp": happened, "data": data}).decode()


def _seconds(retry_after: str) -> float:
    return min(float(retry_after), LONGEST_RETRY_AFTER) if retry_after.isdecimal() else 0.0
