"""Asks Flodesk about each event before anything relies on it: whoever learned a secret could post what they like.

One request for a person, with all that was told of them, among those of jobs: calls of people go first.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence

import anyio

from flodesk_mcp.deadline import wait_deadline
from flodesk_mcp.flodesk import (
    BadRequest,
    FlodeskClient,
    FlodeskError,
    InvalidArgument,
    NotFound,
    QuotaExhausted,
    SegmentRef,
    StatusError,
    Subscriber,
    Unauthorized,
    UnreadableAnswer,
)
from flodesk_mcp.store import StoredEvent, StoredEvents, StoreError, Verdict

__all__ = ["OpenClient", "Verifier", "verdict_on"]

OpenClient = Callable[[str], Awaitable[FlodeskClient | None]]
"""Returns the client of an account; None where nothing opens it."""

MOST_ACCOUNTS = 50
AT_ONCE = 20
CLAIMED_SECONDS = 180
WAIT_SECONDS = 120
"""For the place of one request; another process takes over what is not looked at a minute later."""

LOOK_EVERY_SECONDS = 5.0
FIRST_GAP_SECONDS = 60
LONGEST_GAP_SECONDS = 3_600

logger = logging.getLogger(__name__)


class Verifier:
    """Verifies events of all accounts that this server opens, each by one process at a time.

    `settled` is called with an account of which events were verified. With `forward` they are passed on.
    """

    def __init__(self, stored: StoredEvents, settled: Callable[[str], Awaitable[None]], *, forward: bool) -> None:
        self._stored = stored
        self._settled = settled
        self._forward = forward
        self._under_way: set[str] = set()
        self._woken = anyio.Event()

    def wake(self) -> None:
        """Look at once whether there is anything to verify."""
        self._woken.set()

    async def run(self, open_client: OpenClient) -> None:
        """Verify what comes, until this is cancelled."""
        async with anyio.create_task_group() as group:
            while True:
                for account in await self._waiting():
                    if account not in self._under_way:
                        self._under_way.add(account)
                        group.start_soon(self._verify, account, open_client)
                with anyio.move_on_after(LOOK_EVERY_SECONDS):
                    await self._woken.wait()
                self._woken = anyio.Event()

    async def _waiting(self) -> list[str]:
        try:
            with anyio.CancelScope(shield=True):  # a query that is broken off costs its connection
                accounts = await self._stored.accounts_to_verify(MOST_ACCOUNTS)
        except StoreError as error:
            logger.warning("Events wait to be verified: %s", error, extra={"repeats": "database"})
            return []
        return accounts

    async def _verify(self, account: str, open_client: OpenClient) -> None:
        try:
            while await self.verify_some(account, open_client):
                pass
        except StoreError as error:
            logger.warning("Events wait to be verified: %s", error, extra={"repeats": "database"})
        except Exception:
            logger.exception("Events could not be verified")
        finally:
            self._under_way.discard(account)

    async def verify_some(self, account: str, open_client: OpenClient) -> bool:
        """Verify the oldest events of an account; tell whether it is worth to go on now. Raises StoreError."""
        claimed = await self._stored.claim(account, AT_ONCE, CLAIMED_SECONDS)
        if not claimed:
            return False
        with anyio.CancelScope(shield=True):
            flodesk = await open_client(account)
        if flodesk is None:
            await self._stored.postpone(account, LONGEST_GAP_SECONDS)
            return False
        by_person: dict[str, list[StoredEvent]] = {}
        for event in claimed:
            by_person.setdefault(event.subscriber_id or event.email or "", []).append(event)
        for person, events in by_person.items():
            if not await self._look_at(flodesk, account, person, events):
                return False
        return True

    async def _look_at(
        self, flodesk: FlodeskClient, account: str, id_or_email: str, events: Sequence[StoredEvent]
    ) -> bool:
        """Verify what was told of one person; tell whether the account can be asked on."""
        gap = min(FIRST_GAP_SECONDS * 4 ** min(event.tries for event in events), LONGEST_GAP_SECONDS)
        try:
            with wait_deadline(WAIT_SECONDS, background=True):
                found = await flodesk.subscribers.get(id_or_email)
        except (NotFound, InvalidArgument):
            found = None
        except QuotaExhausted as error:
            await self._stored.postpone(account, error.retry_after)
            return False
        except Unauthorized as error:
            logger.warning("Events of account %s wait to be verified: %s", account[:8], error)
            await self._stored.postpone(account, LONGEST_GAP_SECONDS)
            return False
        except (BadRequest, StatusError, UnreadableAnswer):  # perhaps of this person alone
            await self._stored.postpone(account, gap, [event.number for event in events])
            return True
        except FlodeskError:
            await self._stored.postpone(account, gap)
            return False
        verdicts = [verdict_on(event, found) for event in events]
        await self._stored.settle(verdicts, forward=self._forward)
        if any(verdict.state == "verified" for verdict in verdicts):
            await self._settled(account)
        return True


def verdict_on(event: StoredEvent, person: Subscriber | None) -> Verdict:
    """Return whether Flodesk, which answered `person` just now, says what an event said."""
    if person is None:
        return Verdict(event.number, "contradicted")
    segment = next((known for known in person.segments or () if _is_told(event, known)), None)
    match event.type:
        case "subscriber.unsubscribed":
            is_so = person.status == "unsubscribed"
        case "subscriber.added_to_segment":
            is_so = segment is not None
        case _:
            is_so = True  # that there is such a person is all that could be told
    return Verdict(
        event.number,
        "verified" if is_so else "contradicted",
        subscriber_id=person.id,
        email=person.email and person.email.lower(),
        segment_id=segment.id if segment else None,
        segment_name=segment.name if segment else None,
        person=person.model_dump_json(exclude_none=True),
    )


def _is_told(event: StoredEvent, segment: SegmentRef) -> bool:
    if event.segment_id is None:
        return segment.name is not None and segment.name == event.segment_name
    return segment.id == event.segment_id
