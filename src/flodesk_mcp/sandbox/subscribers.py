"""Subscribers: list, upsert one or many, read, segment, unsubscribe."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field
from starlette.responses import Response

from flodesk_mcp.sandbox.account import SUBSCRIBER_STATUSES, Account, Subscriber
from flodesk_mcp.sandbox.answers import Refused, ok, page, timestamp
from flodesk_mcp.sandbox.operation import Call, Form, Operation, fill
from flodesk_mcp.sandbox.posting import announce

MAX_SEGMENTS = 50
MAX_BATCH_ROWS = 50
MAX_CUSTOM_FIELD_CHARACTERS = 256

Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$")]
SegmentIds = Annotated[list[str], Field(max_length=MAX_SEGMENTS)]
CustomFieldValue = Annotated[str, Field(max_length=MAX_CUSTOM_FIELD_CHARACTERS)]


class UpsertForm(Form):
    """What creates or changes one subscriber; beside an `id`, which is of a known one, `email` is ignored."""

    id: str | None = None
    email: Email | None = None
    first_name: str | None = None
    last_name: str | None = None
    custom_fields: dict[str, CustomFieldValue] | None = None
    segment_ids: SegmentIds | None = None
    double_optin: bool | None = None
    optin_ip: str | None = None
    optin_timestamp: str | None = None


class BatchForm(Form):
    """Rows that are upserted one by one; what is wrong with a row fails that row only."""

    subscribers: Annotated[list[Any], Field(min_length=1, max_length=MAX_BATCH_ROWS)]


class SegmentIdsForm(Form):
    """The segments to add a subscriber to, or to take it out of."""

    segment_ids: Annotated[SegmentIds, Field(min_length=1)]


def list_subscribers(call: Call) -> Response:
    """List people of every status, newest first, unless one status or segment is asked for."""
    status, segment_id = call.query.get("status"), call.query.get("segment_id")
    if status is not None and status not in SUBSCRIBER_STATUSES:
        raise Refused(400, f"status must be one of {', '.join(SUBSCRIBER_STATUSES)}.")
    found = [
        person
        for person in reversed(call.account.subscribers.values())
        if (status is None or person.status == status) and (segment_id is None or segment_id in person.segment_ids)
    ]
    return ok(page(found, call.query, lambda person: show_subscriber(call.account, person)))


def upsert_subscriber(call: Call) -> Response:
    """Create or change one subscriber."""
    return ok(show_subscriber(call.account, _upsert(call, call.form(UpsertForm))))


def upsert_batch(call: Call) -> Response:
    """Create or change up to 50 subscribers; the answer tells which rows failed."""
    successes, failures = [], []
    for index, row in enumerate(call.form(BatchForm).subscribers):
        try:
            successes.append(show_subscriber(call.account, _upsert(call, fill(UpsertForm, row))))
        except Refused as error:
            named = row if isinstance(row, dict) else {}
            who = {"email": named.get("email"), "id": named.get("id")}
            failures.append({"index": index, **who, "code": error.code, "message": error.message})
    return ok({"successes": successes, "failures": failures})


def get_subscriber(call: Call) -> Response:
    """Read one subscriber."""
    return ok(show_subscriber(call.account, _subscriber(call)))


def add_to_segments(call: Call) -> Response:
    """Put an existing subscriber into segments."""
    person = _subscriber(call)
    _join(call, person, _joined_segments(call.account, person, call.form(SegmentIdsForm).segment_ids))
    return ok(show_subscriber(call.account, person))


def remove_from_segments(call: Call) -> Response:
    """Take a subscriber out of segments; those it is not in do not matter."""
    person, leave = _subscriber(call), call.form(SegmentIdsForm).segment_ids
    person.segment_ids = [known for known in person.segment_ids if known not in leave]
    return ok(show_subscriber(call.account, person))


def unsubscribe(call: Call) -> Response:
    """Unsubscribe a person from everything; no operation undoes it."""
    person = _subscriber(call)
    if person.status != "unsubscribed":
        person.status = "unsubscribed"
        announce(call, "subscriber.unsubscribed", show_subscriber(call.account, person))
    return ok(show_subscriber(call.account, person))


def show_subscriber(account: Account, person: Subscriber) -> dict[str, Any]:
    """Return a subscriber as answers hold it."""
    return {
        "id": person.id,
        "status": person.status,
        "email": person.email,
        "source": person.source,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "segments": [{"id": known, "name": account.segments[known].name} for known in person.segment_ids],
        "custom_fields": dict(person.custom_fields),
        "optin_ip": person.optin_ip,
        "optin_timestamp": person.optin_timestamp,
        "created_at": timestamp(person.created_at),
    }


def subscriber_or_404(account: Account, id_or_email: str) -> Subscriber:
    """Return a subscriber, or refuse with a 404."""
    person = account.find_subscriber(id_or_email)
    if person is None:
        raise Refused(404, "Subscriber not found.")
    return person


def _subscriber(call: Call) -> Subscriber:
    return subscriber_or_404(call.account, call.parameters["id_or_email"])


def _upsert(call: Call, form: UpsertForm) -> Subscriber:
    account = call.account
    person = _named_subscriber(call, form)
    joined = _joined_segments(account, person, form.segment_ids or [])
    for name in ("first_name", "last_name", "optin_ip", "optin_timestamp"):
        value = getattr(form, name)
        if value or (value is not None and not account.keeps_values):
            setattr(person, name, value)
    # The real API loses values of unknown keys without a word, and so does this.
    known = {key: value for key, value in (form.custom_fields or {}).items() if key in account.custom_fields}
    person.custom_fields.update({key: value for key, value in known.items() if value or not account.keeps_values})
    is_new = person.id not in account.subscribers
    account.subscribers[person.id] = person
    if is_new:
        announce(call, "subscriber.created", show_subscriber(account, person))
    _join(call, person, joined)
    return person


def _named_subscriber(call: Call, form: UpsertForm) -> Subscriber:
    """Return the person that a form names: a known one, or a new one that is not on the list yet."""
    if form.id is not None:
        return subscriber_or_404(call.account, form.id)
    if form.email is None:
        raise Refused(400, "Either email or id is required.")
    return call.account.find_subscriber(form.email) or Subscriber(
        id=call.account.new_id("subscriber"),
        email=form.email,
        status="unconfirmed" if form.double_optin else "active",
        created_at=call.now,
    )


def _join(call: Call, person: Subscriber, segment_ids: list[str]) -> None:
    """Put a person into these segments, and tell of those that are new to them."""
    added = [known for known in segment_ids if known not in person.segment_ids]
    person.segment_ids = segment_ids
    for segment_id in added:
        announce(call, "subscriber.added_to_segment", show_subscriber(call.account, person), segment_id)


def _joined_segments(account: Account, person: Subscriber, added: Sequence[str]) -> list[str]:
    for segment_id in added:
        if segment_id not in account.segments:
            raise Refused(400, f"Segment {segment_id} does not exist.")
    joined = list(dict.fromkeys([*person.segment_ids, *added]))
    if len(joined) > MAX_SEGMENTS:
        raise Refused(400, f"A subscriber can be in at most {MAX_SEGMENTS} segments.")
    return joined


OPERATIONS = (
    Operation("GET", "/v1/subscribers", list_subscribers),
    Operation("POST", "/v1/subscribers", upsert_subscriber),
    Operation("POST", "/v1/subscribers/batch", upsert_batch),
    Operation("GET", "/v1/subscribers/{id_or_email}", get_subscriber),
    Operation("POST", "/v1/subscribers/{id_or_email}/segments", add_to_segments),
    Operation("DELETE", "/v1/subscribers/{id_or_email}/segments", remove_from_segments),
    Operation("POST", "/v1/subscribers/{id_or_email}/unsubscribe", unsubscribe),
)
