"""What tools return: Flodesk's objects, made short and safe for an agent to read."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from math import inf
from typing import Annotated, Generic, Self, TypeVar

from pydantic import BaseModel, Field, PrivateAttr

from flodesk_mcp.flodesk import BatchResult, CustomField, FlodeskError, Personal, Segment, Subscriber, Webhook

__all__ = [
    "BatchReport",
    "CreatedCustomField",
    "CreatedSegment",
    "CreatedWebhook",
    "Deleted",
    "Enrollment",
    "Everything",
    "Failed",
    "Listing",
    "SubscriberListing",
    "WrittenSubscriber",
    "batch_report",
    "notice_for",
    "notice_of_twins",
    "only",
    "subscriber_listing",
    "with_notice",
]

Item = TypeVar("Item")


class Everything(BaseModel, Generic[Item]):
    """A list that comes whole, or the page of one. `total_items` is missing where the API has none."""

    result: list[Item]
    total_items: int | None = Field(None, description="How many there are on all pages")


class Listing(Everything[Item]):
    """A page of a list. `next_cursor` is missing on the last page."""

    next_cursor: str | None = Field(None, description="Pass it on to get the next page")
    _resume: Callable[[int], str] = PrivateAttr()

    def resumed_by(self, resume: Callable[[int], str]) -> Self:
        """Set what returns the cursor for the rest of this page, from a row on."""
        self._resume = resume
        return self

    def cursor_from(self, row: int) -> str:
        """Return the cursor for the rest of this page."""
        return self._resume(row)


class ListedSubscriber(Subscriber):
    """A subscriber in a list, its segments by name: one name for many people costs less than many objects."""

    segments: list[str] | None = Field(None, description="Names of the segments that the person is in")  # type: ignore[assignment] # narrower on purpose


class SubscriberListing(Listing[ListedSubscriber]):
    """A page of subscribers, and the ids of the segments that they are in."""

    segment_ids: dict[str, str] | None = Field(None, description="Ids of these segments by name")


class WrittenSubscriber(Subscriber):
    """A subscriber after a write."""

    cleared: list[str] | None = Field(None, description="Values that were erased")
    notice: str | None = Field(None, description="What your user should hear")


class CreatedSegment(Segment):
    """A segment that was made."""

    notice: str | None = Field(None, description="What your user should hear")


class CreatedCustomField(CustomField):
    """A custom field that was made."""

    notice: str | None = Field(None, description="What your user should hear")


class CreatedWebhook(Webhook):
    """A webhook that was made."""

    notice: str | None = Field(None, description="What your user should hear")


class Enrollment(BaseModel):
    """Whether a subscriber is enrolled in a workflow now."""

    workflow_id: str
    subscriber: str = Field(description="Id or address, as it was given")
    enrolled: bool = Field(description="Whether the person is in the workflow now")
    notice: str | None = Field(None, description="What your user should hear")


class Deleted(BaseModel):
    """What was deleted."""

    id: str
    deleted: bool


NOTICES = {
    "unsubscribed": "This person is unsubscribed: they get no mail, and only they can subscribe again, through a form.",
    "unconfirmed": "This person has not confirmed yet: they get no mail until they follow the link in Flodesk's mail.",
    "bounced": "Mail to this person bounced: they get no more mail.",
    "complained": "This person reported mail as spam: they get no more mail.",
    "cleaned": "Flodesk took this address off the list as undeliverable: it gets no mail.",
    "archived": "This person is archived: they get no mail.",
}


class Written(BaseModel):
    """A row of a batch that was written."""

    id: str
    email: Annotated[str | None, Personal.ADDRESS] = None
    status: str | None = Field(None, description="Only an active person gets mail")


class Failed(BaseModel):
    """A row of a batch that was not written."""

    row: int | None = Field(None, description="Row, counted from 0")
    email: Annotated[str | None, Personal.ADDRESS] = None
    id: str | None = None
    code: str | None = Field(None, description="Flodesk's code, or not_sent")
    reason: Annotated[str | None, Personal.WORDS] = Field(None, description="Why it was not written")


class BatchReport(BaseModel):
    """What became of the rows of a batch."""

    written: list[Written] = Field(description="People that were written")
    failed: list[Failed] = Field(description="Rows that were not written")
    notice: str | None = Field(None, description="What your user should hear")


def batch_report(result: BatchResult, refused: Sequence[Failed], sent: Sequence[int]) -> BatchReport:
    """Return what became of each row, and what an agent must tell its user.

    `refused` rows were not sent; `sent` tells which row of all each of the others is.
    """
    written = [Written(id=person.id, email=person.email, status=person.status) for person in result.successes]
    failed = [
        Failed(row=_position(row.index, sent), email=row.email, id=row.id, code=row.code, reason=row.message)
        for row in result.failures
    ]
    failed = sorted([*refused, *failed], key=lambda row: inf if row.row is None else row.row)
    silent = sum(row.status not in {None, "active"} for row in written)
    notices = [
        f"{len(failed)} of {len(written) + len(failed)} rows were not written." if failed else "",
        f"{silent} of the people written are not active and get no mail." if silent else "",
    ]
    return BatchReport(written=written, failed=failed, notice=" ".join(filter(None, notices)) or None)


def _position(index: int | None, sent: Sequence[int]) -> int | None:
    return sent[index] if index is not None and 0 <= index < len(sent) else index


def with_notice(
    subscriber: Subscriber, clear_fields: Sequence[str] = (), not_cleared: Sequence[str] = ()
) -> WrittenSubscriber:
    """Add what an agent must tell its user: about somebody who is not active, and of values that were to be erased."""
    notices = [notice_for(subscriber.status)]
    if not_cleared:
        notices.append(f"Flodesk did not erase {', '.join(not_cleared)}: a person can, in Flodesk.")
    added = {
        "cleared": [name for name in clear_fields if name not in not_cleared],
        "notice": " ".join(filter(None, notices)) or None,
    }
    return WrittenSubscriber.model_validate(subscriber.model_dump() | added)


async def notice_of_twins(made: str, look_up: Awaitable[Iterable[str]], existed: str) -> str | None:
    """Return what an agent must know when `look_up` finds things that are like the one just `made`.

    `existed` begins the sentence. A look-up that fails is no reason to fail the call.
    """
    try:
        twins = sorted(set(await look_up) - {made})
    except FlodeskError:
        return None
    return (
        f"{existed}: {', '.join(twins[:5])}. Now there is one more: use the old one unless two are meant."
        if twins
        else None
    )


def notice_for(status: str | None) -> str | None:
    """Return what an agent must tell its user about somebody of this status, or None for an active one."""
    return None if status in {None, "active"} else NOTICES.get(str(status), "This person is not active.")


def only(subscriber: Subscriber, fields: Sequence[str] | None) -> Subscriber:
    """Return the subscriber with its id and `fields` alone, or whole."""
    if fields is None:
        return subscriber
    kept = {"id", *fields}
    return Subscriber.model_construct(**{name: value for name, value in subscriber if name in kept})


def subscriber_listing(page: Listing[Subscriber], fields: Sequence[str] | None) -> SubscriberListing:
    """Return the page with `fields` alone, or whole, and each segment's id once."""
    people = [only(person, fields) for person in page.result]
    segments = {segment.id: segment.name or segment.id for person in people for segment in person.segments or []}
    shared = Counter(segments.values())
    labels = {known: name if shared[name] == 1 else f"{name} ({known})" for known, name in segments.items()}
    rows = [
        ListedSubscriber.model_construct(
            **dict(person) | {"segments": [labels[segment.id] for segment in person.segments or []]}
        )
        for person in people
    ]
    return SubscriberListing(
        result=rows,
        total_items=page.total_items,
        next_cursor=page.next_cursor,
        segment_ids={label: known for known, label in labels.items()},
    ).resumed_by(page.cursor_from)
