"""Operations on subscribers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import TypeAdapter

from flodesk_mcp.flodesk.custom_fields import CustomFields, check_lengths
from flodesk_mcp.flodesk.errors import FlodeskError, InvalidArgument
from flodesk_mcp.flodesk.models import BatchResult, Page, Subscriber
from flodesk_mcp.flodesk.request import Request, given, person
from flodesk_mcp.flodesk.retry import Sender
from flodesk_mcp.flodesk.statuses import Statuses

__all__ = ["Subscribers"]

MAX_BATCH = 50
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
_BATCH = TypeAdapter(BatchResult)


class Subscribers:
    """People on the list. The API can neither delete nor re-subscribe one."""

    def __init__(self, sender: Sender, custom_fields: CustomFields) -> None:
        self._sender = sender
        self._custom_fields = custom_fields
        self._statuses = Statuses()

    async def list(
        self, *, page: int = 1, per_page: int = 20, status: str | None = None, segment_id: str | None = None
    ) -> Page[Subscriber]:
        """Return one page of subscribers, of every status unless one is given. Source: GET /subscribers."""
        query = {"page": page, "per_page": per_page, "status": status, "segment_id": segment_id}
        found = await self._sender.send(_SUBSCRIBERS, Request("GET", "subscribers", query=query))
        self._statuses.remember(found.data)
        return found

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
    ) -> Subscriber:
        """Create the subscriber, or update what is given; `segment_ids` only adds.

        `double_optin` counts only for a new subscriber, and sends a mail.
        Raises InvalidArgument, UnknownCustomField, NotFound for an unknown id. Source: POST /subscribers.
        """
        body: dict[str, Any] = person(id, email) | given(
            {
                "first_name": first_name,
                "last_name": last_name,
                "segment_ids": list(segment_ids) if segment_ids else None,
                "double_optin": double_optin,
                "optin_ip": optin_ip,
                "optin_timestamp": optin_timestamp,
            }
        )
        with self._sender.one_deadline():
            if custom_fields:
                body["custom_fields"] = await self._custom_fields.resolve(custom_fields)
            return await self._person(Request("POST", "subscribers", body=body))

    async def save_batch(
        self, rows: Sequence[Mapping[str, Any]], *, segment_ids: Sequence[str] | None = None
    ) -> BatchResult:
        """Create or update up to 50 subscribers at once, in rows like the arguments of one; add all to `segment_ids`.

        A success can hold failures: look at `failures`. Counts against 20 batches a minute.
        Raises InvalidArgument and UnknownCustomField, which name the row. Source: POST /subscribers/batch.
        """
        if not 1 <= len(rows) <= MAX_BATCH:
            raise InvalidArgument(f"A batch has 1 to {MAX_BATCH} rows, not {len(rows)}.")
        everyone = {"segment_ids": list(segment_ids)} if segment_ids else {}
        bodies = []
        for index, row in enumerate(rows):
            with _naming_row(index):
                bodies.append(_body(row) | everyone)
        with self._sender.one_deadline():
            known = await self._custom_fields.known(name for body in bodies for name in body.get("custom_fields", ()))
            for index, body in enumerate(bodies):
                if values := body.pop("custom_fields", None):
                    with _naming_row(index):
                        body["custom_fields"] = known.by_key(values)
            request = Request("POST", "subscribers", "batch", body={"subscribers": bodies}, batch=True)
            result = await self._sender.send(_BATCH, request)
        self._statuses.remember(result.successes)
        return result

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
            return self._statuses.recall(id_or_email) or (await self.get(id_or_email)).status
        except FlodeskError:
            return None

    async def unsubscribe(self, id_or_email: str) -> Subscriber:
        """Stop all mail to a subscriber. Nothing in the API can undo it. Raises NotFound.

        Source: POST /subscribers/{id_or_email}/unsubscribe.
        """
        return await self._person(Request("POST", "subscribers", id_or_email, "unsubscribe"))

    async def _person(self, request: Request) -> Subscriber:
        person = await self._sender.send(_SUBSCRIBER, request)
        self._statuses.remember([person])
        return person


def _body(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Flodesk shall see of a row of a batch, but for the keys of its custom fields.

    Raises InvalidArgument for a row that names nobody, or holds what Flodesk would ignore without a word.
    """
    if unknown := sorted(set(row) - ROW_FIELDS):
        raise InvalidArgument(f"A row has no field {unknown[0][:80]!r}; there are {', '.join(sorted(ROW_FIELDS))}.")
    known = given(row) | person(row.get("id"), row.get("email"))
    check_lengths(known.get("custom_fields", {}))
    return known


@contextmanager
def _naming_row(index: int) -> Iterator[None]:
    try:
        yield
    except InvalidArgument as error:
        error.row = index
        raise
