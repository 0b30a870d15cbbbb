"""Operations on subscribers."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from flodesk_mcp.api.errors import FlodeskError, InvalidArgument
from flodesk_mcp.api.request import Request, given, person
from flodesk_mcp.api.retry import Sender
from flodesk_mcp.flodesk.custom_fields import CustomFields, KnownFields, check_lengths
from flodesk_mcp.flodesk.listing import whole_list
from flodesk_mcp.flodesk.models import BatchFailure, BatchResult, Page, Subscriber
from flodesk_mcp.flodesk.plain import PlainSubscriber
from flodesk_mcp.freshness import FreshMap

__all__ = ["Subscribers"]

MAX_BATCH = 50
REMEMBERED_SECONDS = 300
MAX_REMEMBERED = 2_000
NAMES = ("first_name", "last_name")
ROW_FIELDS = frozenset(
    {
        "custom_fields",
        "double_optin",
        "email",
        "first_name",
        "id",
        "last_name",
        "optin_ip",
        "optin_timestamp",
        "segment_ids",
    }
)

_SUBSCRIBER = TypeAdapter(Subscriber)
_SUBSCRIBERS = TypeAdapter(Page[Subscriber])
_PLAIN = TypeAdapter(Page[PlainSubscriber])
_BATCH = TypeAdapter(BatchResult)

Listener = Callable[[Sequence[Subscriber]], Awaitable[None]]


async def _nobody_listens(_: Sequence[Subscriber]) -> None:
    """Be shown people, and do nothing."""


class Subscribers:
    """People on the list. The API can neither delete nor re-subscribe one.

    `listener` is shown what Flodesk answers of single people and of those that were written: who keeps a copy of the
    list need not read it again. It raises nothing.
    """

    listener: Listener = staticmethod(_nobody_listens)

    def __init__(self, sender: Sender, custom_fields: CustomFields) -> None:
        self._sender = sender
        self._custom_fields = custom_fields
        self._statuses: FreshMap[str, str] = FreshMap(REMEMBERED_SECONDS, MAX_REMEMBERED)

    async def list(
        self, *, page: int = 1, per_page: int = 20, status: str | None = None, segment_id: str | None = None
    ) -> Page[Subscriber]:
        """Return one page of subscribers, of every status unless one is given. Source: GET /subscribers."""
        query = {"page": page, "per_page": per_page, "status": status, "segment_id": segment_id}
        found = await self._sender.send(_SUBSCRIBERS, Request("GET", "subscribers", query=query))
        self._remember(found.data)
        return found

    async def list_plain(
        self, *, page: int = 1, per_page: int = 20, status: str | None = None
    ) -> Page[PlainSubscriber]:
        """Return the same page as plain data. Source: GET /subscribers.

        For whoever reads a whole list: it would push out whom the calls of people have seen, so it is not remembered.
        """
        query = {"page": page, "per_page": per_page, "status": status}
        return await self._sender.send(_PLAIN, Request("GET", "subscribers", query=query))

    def every(self, *, status: str | None = None, segment_id: str | None = None) -> AsyncGenerator[Subscriber, None]:
        """Yield every subscriber, or all of one status or segment, while others may change the list. See whole_list."""
        return whole_list(
            lambda page, per_page: self.list(page=page, per_page=per_page, status=status, segment_id=segment_id)
        )

    async def get(self, id_or_email: str) -> Subscriber:
        """Return one subscriber. Raises NotFound. Source: GET /subscribers/{id_or_email}."""
        return await self._person(Request("GET", "subscribers", id_or_email))

    async def save(
        self,
        *,
        email: str | None = None,
        id: str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        custom_fields: Mapping[str, str] | None = None,
        segment_ids: Sequence[str] | None = None,
        double_optin: bool | None = None,
        optin_ip: str | None = None,
        optin_timestamp: str | None = None,
        clear_fields: Sequence[str] = (),
    ) -> Subscriber:
        """Create the subscriber, or update what is given; `segment_ids` only adds.

        `double_optin` counts only for a new subscriber, and sends a mail. `clear_fields` are erased (first_name,
        last_name, or a custom field's key or label): how is not documented, so an empty text is sent, and
        `not_cleared` tells what stayed.
        Raises InvalidArgument, UnknownCustomField, NotFound for an unknown id. Source: POST /subscribers.
        """
        names = {"first_name": first_name, "last_name": last_name}
        values = dict(custom_fields or {})
        for name in clear_fields:
            erased = names if name in names else values
            if erased.get(name):
                raise InvalidArgument(f"{name[:80]!r} is given a value and named in clear_fields: choose one.")
            erased[name] = ""
        body: dict[str, Any] = person(id, email) | given(
            {
                **names,
                "segment_ids": list(segment_ids) if segment_ids else None,
                "double_optin": double_optin,
                "optin_ip": optin_ip,
                "optin_timestamp": optin_timestamp,
            }
        )
        with self._sender.one_deadline():
            if values:
                body["custom_fields"] = await self._custom_fields.resolve(values)
            return await self._person(Request("POST", "subscribers", body=body))

    async def not_cleared(self, saved: Subscriber, clear_fields: Sequence[str]) -> tuple[str, ...]:
        """Return those of `clear_fields` that still have a value in what Flodesk answered."""
        known = await self._custom_fields.known(name for name in clear_fields if name not in NAMES)
        custom = saved.custom_fields or {}
        names = {"first_name": saved.first_name, "last_name": saved.last_name}
        stays = {name: names[name] if name in names else custom.get(known.key(name) or "") for name in clear_fields}
        return tuple(name for name, value in stays.items() if value)

    async def save_batch(
        self, rows: Sequence[Mapping[str, Any]], *, segment_ids: Sequence[str] | None = None
    ) -> BatchResult:
        """Create or update up to 50 subscribers at once, in rows like the arguments of one; add all to `segment_ids`.

        A success can hold failures: look at `failures`. A row that cannot be sent is among them, with the code
        `not_sent`; the others are sent. Counts against 20 batches a minute.
        Raises InvalidArgument for another number of rows. Source: POST /subscribers/batch.
        """
        if not 1 <= len(rows) <= MAX_BATCH:
            raise InvalidArgument(f"A batch has 1 to {MAX_BATCH} rows, not {len(rows)}.")
        everyone = {"segment_ids": list(segment_ids)} if segment_ids else {}
        bodies: dict[int, dict[str, Any]] = {}
        unsent: list[BatchFailure] = []
        with self._sender.one_deadline():
            known = await self._custom_fields.known(name for row in rows for name in row.get("custom_fields") or ())
            for index, row in enumerate(rows):
                try:
                    bodies[index] = _body(row, known) | everyone
                except InvalidArgument as error:
                    who = {"email": row.get("email"), "id": row.get("id")}
                    unsent.append(BatchFailure(index=index, code="not_sent", message=str(error), **who))
            result = await self._send_batch(bodies) if bodies else BatchResult()
        return result.model_copy(update={"failures": [*unsent, *result.failures]})

    async def _send_batch(self, bodies: Mapping[int, dict[str, Any]]) -> BatchResult:
        request = Request("POST", "subscribers", "batch", body={"subscribers": list(bodies.values())}, batch=True)
        result = await self._sender.send(_BATCH, request)
        self._remember(result.successes)
        await self.listener(result.successes)
        rows = list(bodies)
        failures = [
            failure.model_copy(update={"index": rows[failure.index]})
            if failure.index is not None and 0 <= failure.index < len(rows)
            else failure
            for failure in result.failures
        ]
        return result.model_copy(update={"failures": failures})

    async def add_to_segments(self, id_or_email: str, segment_ids: Sequence[str]) -> Subscriber:
        """Put a subscriber into segments. Raises NotFound, and does not create a subscriber.

        Source: POST /subscribers/{id_or_email}/segments.
        """
        body = {"segment_ids": list(segment_ids)}
        return await self._person(Request("POST", "subscribers", id_or_email, "segments", body=body))

    async def remove_from_segments(self, id_or_email: str, segment_ids: Sequence[str]) -> Subscriber:
        """Take a subscriber out of segments, and return what is left of it. Raises NotFound.

        Source: DELETE /subscribers/{id_or_email}/segments, with a body.
        """
        body = {"segment_ids": list(segment_ids)}
        return await self._person(Request("DELETE", "subscribers", id_or_email, "segments", body=body))

    async def status_of(self, id_or_email: str) -> str | None:
        """Return a subscriber's status as it was seen in the last five minutes, or looked up.

        None where it cannot be had: what depends on it is an advice, never a reason to fail.
        """
        try:
            seen = self._statuses.get(id_or_email.strip().casefold())
            return seen or (await self.get(id_or_email)).status
        except FlodeskError:
            return None

    async def unsubscribe(self, id_or_email: str) -> Subscriber:
        """Stop all mail to a subscriber. Nothing in the API can undo it. Raises NotFound.

        Source: POST /subscribers/{id_or_email}/unsubscribe.
        """
        return await self._person(Request("POST", "subscribers", id_or_email, "unsubscribe"))

    def _remember(self, people: Sequence[Subscriber]) -> None:
        """Take note of who is active and who is not: an answer to an enrollment does not say it."""
        known = [(seen.id, seen.email, seen.status) for seen in people[-MAX_REMEMBERED:] if seen.status]
        by_id = {known_id.casefold(): status for known_id, _, status in known}
        self._statuses.update(by_id | {email.casefold(): status for _, email, status in known if email})

    async def _person(self, request: Request) -> Subscriber:
        person = await self._sender.send(_SUBSCRIBER, request)
        self._remember([person])
        await self.listener([person])
        return person


def _body(row: Mapping[str, Any], known: KnownFields) -> dict[str, Any]:
    """Return what Flodesk shall see of a row of a batch.

    Raises InvalidArgument for a row that names nobody, or holds what Flodesk would ignore without a word.
    """
    if unknown := sorted(set(row) - ROW_FIELDS):
        raise InvalidArgument(f"A row has no field {unknown[0][:80]!r}; there are {', '.join(sorted(ROW_FIELDS))}.")
    body = given(row) | person(row.get("id"), row.get("email"))
    if values := body.pop("custom_fields", None):
        check_lengths(values)
        body["custom_fields"] = known.by_key(values)
    return body
