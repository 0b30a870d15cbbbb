"""What verified events are good for: a fresh copy of the list, and when somebody left."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.sandbox.account import Segment
from flodesk_mcp.store import Store

from .hooks import VIP, Receiving, receiving, unsubscribed

pytestmark = pytest.mark.anyio

REPORT = "get_flodesk_audience_report"
SEARCH = "search_flodesk_subscribers"
OTHER = "0" * 23 + "2"
LEFT = [{"field": "status", "operator": "is", "value": "unsubscribed"}]


async def _told(server: Receiving, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await server.call("ann", tool, **arguments)
    assert not result["isError"], result
    told: dict[str, Any] = result["structuredContent"]
    return told


def _left(person: str, days_ago: int) -> dict[str, Any]:
    moment = datetime.now(UTC) - timedelta(days=days_ago)
    return unsubscribed(person, event_time=moment.isoformat())


def _monday(days_ago: int) -> str:
    day = datetime.now(UTC) - timedelta(days=days_ago)
    return f"{day - timedelta(days=day.weekday()):%Y-%m-%d}"


async def test_who_left_is_found_at_once_in_a_copy_that_was_fresh_before(flodesk: Sandbox, store: Store) -> None:
    async with receiving(flodesk, store) as server:
        assert (await _told(server, SEARCH, where=LEFT))["result"] == []
        flodesk.accounts["key-ann"].subscribers["person-1"].status = "unsubscribed"
        await server.post(unsubscribed("person-1"))
        await server.until(1)
        asked = len(flodesk.requests)
        assert [person["id"] for person in (await _told(server, SEARCH, where=LEFT))["result"]] == ["person-1"]
        assert len(flodesk.requests) == asked


async def test_the_report_tells_in_which_week_people_left(flodesk: Sandbox, store: Store) -> None:
    account = flodesk.accounts["key-ann"]
    people = account.subscribers
    account.segments[OTHER] = Segment(OTHER, "Other", "#F2C9C0", datetime(2026, 1, 1, tzinfo=UTC))
    people["person-1"].segment_ids.append(OTHER)
    async with receiving(flodesk, store) as server:
        assert "weeks" not in (await _told(server, REPORT))["left"]
        for person, days_ago in (("person-0", 1), ("person-1", 15), ("person-2", 200)):
            people[person].status = "unsubscribed"
            await server.post(_left(person, days_ago))
        await server.post(_left("person-0", 1))
        await server.until(4)
        left = (await _told(server, REPORT, days=90))["left"]
        assert left["weeks"] == {_monday(15): 1, _monday(1): 1}
        assert "webhooks told" in left["notice"]
        of_segment = (await _told(server, REPORT, segment_id=VIP, days=90))["left"]
        assert of_segment["weeks"] == {_monday(15): 1, _monday(1): 1}
        assert (await _told(server, REPORT, segment_id=OTHER, days=90))["left"].get("weeks", {}) == {_monday(15): 1}
