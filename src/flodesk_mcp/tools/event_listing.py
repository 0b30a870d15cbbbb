"""A page of events, with a cursor that stays right while more come in."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, TypeAdapter

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.events.errors import EventsUnavailable
from flodesk_mcp.flodesk import Personal, SegmentRef, Subscriber
from flodesk_mcp.tools.arguments import Named, Trimmed
from flodesk_mcp.tools.paging import made_with_other, sealed, unsealed
from flodesk_mcp.tools.results import Listing

if TYPE_CHECKING:
    from flodesk_mcp.events.account_events import AccountEvents
    from flodesk_mcp.store import StoredEvent

__all__ = [
    "Event",
    "EventListing",
    "EventSegment",
    "EventType",
    "InvolvedPerson",
    "Since",
    "events_of",
    "list_events",
]

NAME = "list_events"
UNAVAILABLE = (
    "events need a hosted server with a database, which Flodesk can post to: `flodesk-mcp serve` with FLODESK_AUTH "
    "(tokens, oauth or sign-in) and FLODESK_PUBLIC_URL."
)


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a date or time such as 2026-03-01 or 2026-03-01T08:00:00Z") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


Since = Annotated[str, Trimmed, AfterValidator(_moment), Field(description="ISO 8601.")]
EventType = Annotated[
    Literal["subscriber.created", "subscriber.added_to_segment", "subscriber.unsubscribed"],
    Field(description="Default all."),
]
EventSegment = Annotated[str, Trimmed, Named("segment"), Field(description="Id or exact name.")]
InvolvedPerson = Annotated[str, Trimmed, Field(description="Id or e-mail address.")]

_CONTENT = TypeAdapter(tuple[str, Annotated[int, Field(ge=1, le=100)], int, dict[str, str]])


class InvolvedSubscriber(BaseModel):
    """Whom an event is about, as Flodesk answered when it was asked."""

    id: str
    email: Annotated[str | None, Personal.ADDRESS] = None
    first_name: Annotated[str | None, Personal.NAME] = None
    last_name: Annotated[str | None, Personal.NAME] = None
    status: str | None = Field(None, description="When Flodesk was asked")


class Event(BaseModel):
    """Something that happened to a person."""

    id: str
    type: str
    time: str = Field(description="When it happened")
    subscriber: InvolvedSubscriber
    segment: SegmentRef | None = Field(None, description="Which they joined")


class EventListing(Listing[Event]):
    """A page of events, the last received first."""

    waiting: int = Field(0, description="Received, but not yet borne out by Flodesk, so not listed")


def events_of(caller: Caller) -> "AccountEvents":
    """Return the events of the caller's account. Raises EventsUnavailable where none are kept."""
    if caller.events is None:
        raise EventsUnavailable(UNAVAILABLE)
    return caller.events


async def list_events(
    caller: Caller,
    since: str | None,
    type: str | None,
    segment: str | None,
    person: str | None,
    limit: int,
    next_cursor: str | None,
) -> EventListing:
    """Return the page of events that `next_cursor` stands for, or the first.

    The cursor carries the filters, which may be left out with it. Raises InvalidArgument, FlodeskError.
    """
    events = events_of(caller)
    given = {"since": since, "type": type, "segment": segment, "person": person}
    filters, before = {name: value for name, value in given.items() if value is not None}, None
    if next_cursor is not None:
        _, limit, before, made_with = unsealed(next_cursor, NAME, _CONTENT)
        for name, value in filters.items():
            if made_with.get(name) != value:
                raise made_with_other(name)
        filters = made_with
    page = await events.page(
        limit,
        before,
        since=datetime.fromisoformat(filters["since"]) if "since" in filters else None,
        type=filters.get("type"),
        segment_id=filters.get("segment"),
        person=filters.get("person"),
    )

    def cursor(row: int) -> str:
        return sealed([NAME, limit, page.events[row - 1].number, filters])

    return EventListing(
        result=[_shown(event) for event in page.events],
        next_cursor=cursor(len(page.events)) if page.has_more else None,
        total_items=page.total,
        waiting=page.waiting,
    ).resumed_by(cursor)


def _shown(event: "StoredEvent") -> Event:
    person = Subscriber.model_validate_json(event.person or "{}")
    return Event(
        id=event.id,
        type=event.type,
        time=f"{datetime.fromtimestamp(event.occurred_at, UTC):%Y-%m-%dT%H:%M:%SZ}",
        subscriber=InvolvedSubscriber(
            id=person.id,
            email=person.email,
            first_name=person.first_name,
            last_name=person.last_name,
            status=person.status,
        ),
        segment=SegmentRef(id=event.segment_id, name=event.segment_name) if event.segment_id else None,
    )
