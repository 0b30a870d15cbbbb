"""The report on the audience: its numbers, against those that plain Python counts in the sandbox."""

import string
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from pydantic_core import to_json

from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.report import Report
from flodesk_mcp.flodesk import NotFound
from flodesk_mcp.sandbox import Account
from flodesk_mcp.sandbox.account import CustomField, Segment, Subscriber

from .conftest import NOW, Clock
from .expected import expected_report

pytestmark = pytest.mark.anyio

VIP = "3e645b1e6b81ac90ec4a722e"
_numbers = count()


def add(account: Account, email: str, **facts: Any) -> Subscriber:
    facts = {"created_at": NOW - timedelta(days=200), "id": f"{next(_numbers):024x}", **facts}
    person = Subscriber(email=email, **facts)
    account.subscribers[person.id] = person
    return person


def numbers_of(report: Report) -> dict[str, Any]:
    return {
        "people": report.people,
        "statuses": report.statuses,
        "sources": report.sources,
        "joined": report.joined.people,
        "weeks": report.joined.weeks,
        "segments": {row.segment: (row.people, row.active, row.joined) for row in report.segments},
        "overlaps": {frozenset(row.segments): row.shared for row in report.overlaps},
        "custom_fields": {row.field: row.filled for row in report.custom_fields},
    }


@pytest.mark.parametrize("days", [1, 30, 90, 730])
async def test_every_number_is_what_python_counts_in_the_account(
    audience: Audience, account: Account, days: int
) -> None:
    found, expected = numbers_of(await audience.report(days=days)), expected_report(account, NOW, days)
    largest = sorted(expected["overlaps"].values(), reverse=True)[: len(found["overlaps"])]
    assert sorted(found["overlaps"].values(), reverse=True) == largest
    assert found.pop("overlaps").items() <= expected.pop("overlaps").items()
    assert found == expected
    assert len(found["weeks"]) >= days // 7


async def test_within_one_segment_every_number_is_of_its_people(audience: Audience, account: Account) -> None:
    report = await audience.report(VIP, days=365)
    found, expected = numbers_of(report), expected_report(account, NOW, 365, VIP)
    assert report.segment == "VIP"
    assert found.pop("overlaps").items() <= expected.pop("overlaps").items()
    assert found == expected
    assert 0 < found["people"] < len(account.subscribers)


async def test_lists_begin_with_the_largest(audience: Audience) -> None:
    report = await audience.report()
    for sizes in (
        [row.active for row in report.segments],
        [row.shared for row in report.overlaps],
        [row.filled for row in report.custom_fields],
        list(report.statuses.values()),
    ):
        assert sizes == sorted(sizes, reverse=True)
        assert len(sizes) > 1


async def test_an_overlap_is_told_in_percent_of_the_smaller_segment(audience: Audience, account: Account) -> None:
    account.subscribers.clear()
    big, small = [account.segments[known] for known in list(account.segments)[:2]]
    for place in range(8):
        add(account, f"{place}@example.com", segment_ids=[big.id, small.id] if place < 3 else [big.id])
    add(account, "small@example.com", segment_ids=[small.id])
    add(account, "gone@example.com", segment_ids=[small.id, big.id], status="unsubscribed")
    (overlap,) = (await audience.report()).overlaps
    assert (overlap.segments, overlap.sizes) == ([big.name, small.name], [8, 4])
    assert (overlap.shared, overlap.percent) == (3, 75)


async def test_an_account_with_no_people_has_a_report(audience: Audience, account: Account) -> None:
    account.subscribers.clear()
    report = await audience.report()
    assert (report.people, report.joined.people, report.segments, report.twin_groups) == (0, 0, [], 0)
    assert {row.percent for row in report.custom_fields} == {0}


async def test_how_many_left_needs_two_readings_and_says_so(audience: Audience, account: Account, clock: Clock) -> None:
    first = await audience.report()
    assert first.left.people is None
    assert "no date of leaving" in first.left.notice
    assert "there was one" in first.left.notice
    leaving = [person for person in account.subscribers.values() if person.status == "active"][:5]
    for person in leaving[:3]:
        person.status = "unsubscribed"
    del account.subscribers[leaving[3].id]
    leaving[4].segment_ids = [VIP]
    clock.now += timedelta(days=3)
    later = await audience.report()
    assert later.left.people == 4
    assert later.left.after == "2026-09-15T10:30:00Z"
    assert later.left.until == "2026-09-18T10:30:00Z"
    assert "no date of leaving" in later.left.notice


async def test_a_segment_grows_and_shrinks_between_two_readings(
    audience: Audience, account: Account, clock: Clock
) -> None:
    members = [person for person in account.subscribers.values() if VIP in person.segment_ids]
    others = [person for person in account.subscribers.values() if VIP not in person.segment_ids]
    await audience.report()
    members[0].segment_ids.remove(VIP)
    for person in others[:3]:
        person.segment_ids.append(VIP)
    clock.now += timedelta(days=1)
    assert {row.segment: row.change for row in (await audience.report()).segments}["VIP"] == 2
    within = await audience.report(VIP)
    assert (within.left.change, within.left.people) == (2, None)
    assert "none of leaving a segment" in within.left.notice


async def test_who_left_counts_from_the_last_reading_before_the_period(
    audience: Audience, account: Account, clock: Clock
) -> None:
    people = [person for person in account.subscribers.values() if person.status == "active"]
    for day in range(4):
        await audience.report()
        people[day].status = "bounced"
        clock.now += timedelta(days=10)
    assert (await audience.report(days=15)).left.people == 2
    assert (await audience.report(days=90)).left.people == 4


async def test_mistyped_addresses_are_counted_by_what_they_end_in(audience: Audience, account: Account) -> None:
    for place in range(3):
        add(account, f"Anna{place}@Gmial.com")
    add(account, "owner@studio.con")
    for genuine in ("me@gmx.de", "me@mail.com", "me@ymail.com", "me@gmail.com"):
        add(account, genuine)
    report = await audience.report()
    assert report.mistyped_people == 4
    assert [(row.ending, row.meant, row.people) for row in report.mistyped] == [
        ("gmial.com", "gmail.com", 3),
        ("*.con", "*.com", 1),
    ]
    assert report.mistyped[1].example == "owner@studio.con"


async def test_addresses_of_one_mailbox_are_one_group(audience: Audience, account: Account) -> None:
    account.subscribers.clear()
    one = [add(account, email).id for email in ("ab@gmail.com", "A.B+shop@googlemail.com", "a.b@gmail.com")]
    two = [add(account, email).id for email in ("c.d@example.com", "c.d+news@example.com")]
    add(account, "cd@example.com")
    report = await audience.report()
    assert report.twin_groups == 2
    assert [[twin.id for twin in group.people] for group in report.twins] == [one, two]
    assert [twin.email for twin in report.twins[0].people] == [
        "ab@gmail.com",
        "A.B+shop@googlemail.com",
        "a.b@gmail.com",
    ]


async def test_one_name_with_nearly_one_address_is_one_group(audience: Audience, account: Account) -> None:
    account.subscribers.clear()
    kim = {"first_name": "Kim", "last_name": "Lee"}
    group = [add(account, email, **kim).id for email in ("katherine@example.com", "kahterine@example.com")]
    add(account, "someone.else@example.com", **kim)
    add(account, "katherin@example.com", first_name="Kim", last_name="Leeds")
    add(account, "katherine@example.net")
    (found,) = (await audience.report()).twins
    assert ([twin.id for twin in found.people], found.count) == (group, 2)


async def test_a_name_that_very_many_share_makes_nobody_a_twin(audience: Audience, account: Account) -> None:
    account.subscribers.clear()
    for letter in string.ascii_lowercase:
        add(account, f"tester{letter}@example.com", first_name="Test", last_name="Test")
    assert (await audience.report()).twin_groups == 0


async def test_segments_of_one_name_are_told_apart(audience: Audience, account: Account) -> None:
    account.subscribers.clear()
    one, other = list(account.segments.values())[:2]
    other.name = one.name
    add(account, "a@example.com", segment_ids=[one.id])
    add(account, "b@example.com", segment_ids=[other.id])
    names = {row.segment for row in (await audience.report()).segments}
    assert names == {f"{one.name} ({one.id})", f"{one.name} ({other.id})"}


async def test_a_segment_in_which_nobody_is_has_a_report_and_one_that_is_gone_has_none(
    audience: Audience, account: Account
) -> None:
    account.segments["e" * 24] = Segment("e" * 24, "Empty", "#F2C9C0", NOW)
    report = await audience.report("e" * 24)
    assert (report.segment, report.people) == ("Empty", 0)
    with pytest.raises(NotFound):
        await audience.report("f" * 24)


@pytest.mark.parametrize("letter", ["a", "ü", "字", "🌷", '"', "\\"])
async def test_no_account_makes_a_long_report(audience: Audience, account: Account, letter: str) -> None:
    account.subscribers.clear()
    account.segments.clear()
    for place in range(1_000):
        known = f"{place:024x}"
        account.segments[known] = Segment(known, f"{place} {letter * 200}", "#F2C9C0", NOW)
    for place in range(300):
        account.custom_fields[f"key{place}"] = CustomField(f"key{place}", f"{place} {letter * 200}")
    known_ids = list(account.segments)
    for place in range(200):
        mistake = f"{'abcdefghijklmnopqrst'[place % 20]}mail.com"
        add(
            account,
            f"person.{place % 50}+{place}@{'gmial.com' if place % 2 else mistake}",
            segment_ids=[known_ids[(place * 7 + step) % 1_000] for step in range(50)],
            custom_fields={f"key{(place + step) % 300}": "x" for step in range(40)},
            created_at=NOW - timedelta(days=place),
            first_name=letter * 100,
            last_name=str(place % 40),
        )
    report = await audience.report(days=730)
    short = report.shortened()
    assert len(to_json(short, exclude_none=True)) <= 5_000
    assert len(to_json(report, exclude_none=True)) > 6_000
    assert len(short.segments) + (short.more_segments or 0) == 1_000
    assert len(short.custom_fields) + (short.more_custom_fields or 0) == 300 + 6
    assert min(len(short.segments), len(short.overlaps), len(short.custom_fields), len(short.twins)) > 0


async def test_a_report_for_masked_callers_has_ids_and_no_addresses(audience: Audience, account: Account) -> None:
    add(account, "anna@gmial.com")
    report = (await audience.report()).without_addresses()
    assert "@" not in to_json(report).decode()
    assert report.mistyped_people == 1
    assert report.twins[0].people[0].id in account.subscribers
