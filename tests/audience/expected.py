"""What a report must say, counted in plain Python from what the sandbox holds: an independent witness of the SQL."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

from flodesk_mcp.sandbox import Account


def expected_report(account: Account, now: datetime, days: int, segment_id: str | None = None) -> dict[str, Any]:
    """Return all numbers of a report on `account`, or on one segment of it, unbounded and by names."""
    everybody = account.subscribers.values()
    people = [person for person in everybody if segment_id is None or segment_id in person.segment_ids]
    new = [person for person in people if now - timedelta(days=days) <= person.created_at]
    mondays = Counter(_monday(person.created_at) for person in new)
    monday, weeks = _monday(now - timedelta(days=days)), {}
    while monday <= _monday(now):
        weeks[monday] = mondays[monday]
        monday = f"{datetime.fromisoformat(monday) + timedelta(days=7):%Y-%m-%d}"
    names = {segment.id: segment.name for segment in account.segments.values() if segment.id != segment_id}
    in_segment = {name: [p for p in people if known in p.segment_ids] for known, name in names.items()}
    active = {name: {p.id for p in members if p.status == "active"} for name, members in in_segment.items()}
    return {
        "people": len(people),
        "statuses": dict(Counter(person.status for person in people)),
        "sources": dict(Counter(person.source for person in people)),
        "joined": len(new),
        "weeks": weeks,
        "segments": {
            name: (len(members), len(active[name]), sum(p in new for p in members))
            for name, members in in_segment.items()
            if members
        },
        "overlaps": {
            frozenset({one, other}): len(active[one] & active[other])
            for one, other in combinations(active, 2)
            if active[one] & active[other]
        },
        "custom_fields": {
            field.label: sum(bool(person.custom_fields.get(field.key)) for person in people)
            for field in account.custom_fields.values()
        },
    }


def _monday(time: datetime) -> str:
    day = time.astimezone(UTC).date()
    return f"{day - timedelta(days=day.weekday()):%Y-%m-%d}"
