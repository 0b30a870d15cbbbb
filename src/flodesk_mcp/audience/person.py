"""What the mirror holds of one subscriber."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pydantic_core import to_json

from flodesk_mcp.audience.folding import fold
from flodesk_mcp.flodesk import SegmentRef, Subscriber
from flodesk_mcp.flodesk.plain import PlainSubscriber

__all__ = ["COLUMNS", "STORED", "Person", "folded_key", "microseconds", "row_of"]

COLUMNS = (
    "id",
    "email",
    "first_name",
    "last_name",
    "status",
    "source",
    "created_at",
    "optin_ip",
    "optin_timestamp",
    "segments",
    "custom_fields",
)
"""The columns of the table `people` that a Person is made of, in the order of its fields."""


@dataclass(slots=True)  # frozen ones take three times as long to make
class Person:
    """One subscriber as Flodesk answered. `segments` are ids, in Flodesk's order."""

    id: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    status: str | None = None
    source: str | None = None
    created_at: str | None = None
    optin_ip: str | None = None
    optin_timestamp: str | None = None
    segments: list[str] = field(default_factory=list)
    custom_fields: dict[str, str] = field(default_factory=dict)

    def subscriber(self, segment_names: Mapping[str, str]) -> Subscriber:
        """Return the person as Flodesk would answer, with segments of `segment_names` by id."""
        return Subscriber(
            id=self.id,
            email=self.email,
            status=self.status,
            source=self.source,
            first_name=self.first_name,
            last_name=self.last_name,
            segments=[SegmentRef(id=known, name=segment_names.get(known)) for known in self.segments],
            custom_fields=self.custom_fields,
            optin_ip=self.optin_ip,
            optin_timestamp=self.optin_timestamp,
            created_at=self.created_at,
        )


STORED = (
    *COLUMNS,
    "seen_at",
    "created_us",
    "email_folded",
    "first_name_folded",
    "last_name_folded",
    "custom_folded",
)
"""The columns that `row_of` fills: those, and what searches compare."""


def row_of(person: PlainSubscriber, seen_at: float) -> tuple[Any, ...]:
    """Return the values of STORED for what Flodesk answered at `seen_at` (seconds since 1970), JSON as text."""
    email, first_name, last_name = person.get("email"), person.get("first_name"), person.get("last_name")
    created_at = person.get("created_at")
    segments = [segment["id"] for segment in person.get("segments") or ()]
    custom = {key: text for key, text in (person.get("custom_fields") or {}).items() if text}
    return (
        person["id"],
        email,
        first_name,
        last_name,
        person.get("status"),
        person.get("source"),
        created_at,
        person.get("optin_ip"),
        person.get("optin_timestamp"),
        _json(segments) if segments else "[]",
        _json(custom) if custom else "{}",
        seen_at,
        microseconds(created_at),
        fold(email),
        fold(first_name),
        fold(last_name),
        _json({folded_key(key): fold(text) for key, text in custom.items()}) if custom else "{}",
    )


def _json(value: Any) -> str:
    return to_json(value).decode()


@lru_cache(maxsize=1_000)
def folded_key(key: str) -> str:
    """Return the name under which `custom_folded` has a custom field: one that a path in JSON can hold."""
    return key.replace("%", "%25").replace('"', "%22").replace("\\", "%5C")


def microseconds(time: str | None) -> int:
    """Return a time of Flodesk in microseconds since 1970, 0 for none: the order of the list."""
    try:
        moment = datetime.fromisoformat(time or "")
    except ValueError:
        return 0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1_000_000)
