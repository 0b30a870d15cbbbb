"""The report on the audience, as an agent gets it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from audience.expected import expected_report
from flodesk_mcp.sandbox import Account, Sandbox
from flodesk_mcp.sandbox.account import Segment, Subscriber

from .agent import NOTHING, Agent, connected

pytestmark = pytest.mark.anyio

REPORT = "get_flodesk_audience_report"
VIP = "3e645b1e6b81ac90ec4a722e"


@pytest.fixture
def account(account: Account) -> Account:
    """The sample account, with people who came lately, whenever the test runs."""
    for age, person in enumerate(reversed(list(account.subscribers.values())[-40:])):
        person.created_at = datetime.now(UTC) - timedelta(days=3 * age + 1)
    account.subscribers["a" * 24] = Subscriber("a" * 24, "anna.berg@gmial.com", datetime.now(UTC))
    return account


@pytest.fixture
async def agent(era: str, sandbox: Sandbox, account: Account) -> AsyncIterator[Agent]:
    async with connected(era, sandbox, toolsets="audience,segments") as agent:
        yield agent


async def test_the_numbers_are_those_of_the_account(agent: Agent) -> None:
    report = await agent.call(REPORT)
    expected = expected_report(agent.account, datetime.now(UTC), 90)
    assert {name: report[name] for name in ("people", "statuses", "sources")} == {
        name: expected[name] for name in ("people", "statuses", "sources")
    }
    assert report["joined"]["people"] == expected["joined"] > 20
    assert report["joined"]["weeks"] == expected["weeks"]
    assert {row["segment"]: (row["people"], row["active"], row["joined"]) for row in report["segments"]} == expected[
        "segments"
    ]
    assert {row["field"]: row["filled"] for row in report["custom_fields"]} == expected["custom_fields"]
    assert report["mistyped"] == [
        {"ending": "gmial.com", "meant": "gmail.com", "people": 1, "example": "anna.berg@gmial.com"}
    ]
    assert datetime.now(UTC) - datetime.fromisoformat(report["as_of"]) < timedelta(minutes=5)


async def test_a_segment_goes_by_its_name_or_id_and_limits_everything(agent: Agent) -> None:
    by_name = await agent.call(REPORT, segment_id="vip", days=365)
    assert by_name.pop("used_ids") == {"vip": VIP}
    assert by_name["segment"] == "VIP"
    assert by_name["people"] == expected_report(agent.account, datetime.now(UTC), 365, VIP)["people"]
    by_id = await agent.call(REPORT, segment_id=VIP, days=365)
    assert by_id["segments"] == by_name["segments"]


async def test_a_second_report_within_five_minutes_asks_flodesk_nothing(agent: Agent) -> None:
    await agent.call(REPORT)
    seen = len(agent.sent)
    await agent.call(REPORT, days=30)
    assert len(agent.sent) == seen


async def test_an_unknown_segment_is_refused_with_where_to_look(agent: Agent) -> None:
    assert "list_all_flodesk_segments" in await agent.refused(REPORT, segment_id=NOTHING)
    assert "does not stand for exactly one segment" in await agent.refused(REPORT, segment_id="Nobody's")


@pytest.mark.parametrize("days", [0, 731, "many"])
async def test_days_have_bounds(agent: Agent, days: object) -> None:
    text = await agent.refused(REPORT, days=days)
    assert "'days'" in text
    assert "nothing was sent" in text


async def test_a_masked_caller_learns_of_nobody(era: str, sandbox: Sandbox, account: Account) -> None:
    async with connected(era, sandbox, toolsets="audience", personal_data="masked") as agent:
        report = await agent.call(REPORT)
    text = str(report)
    told = [person.email for person in account.subscribers.values() if person.email in text]
    assert (told, "@" in text) == ([], False)
    assert report["mistyped"] == [{"ending": "gmial.com", "meant": "gmail.com", "people": 1}]
    assert all(twin.keys() == {"id"} for group in report["twins"] for twin in group["people"])
    assert report["people"] == len(account.subscribers)


async def test_what_nobody_sees_is_stripped_from_names(era: str, sandbox: Sandbox, account: Account) -> None:
    account.segments["b" * 24] = Segment("b" * 24, "Ro\u200bses\x1b[31m\U000e0041", "#F2C9C0", datetime.now(UTC))
    account.subscribers["a" * 24].segment_ids.append("b" * 24)
    async with connected(era, sandbox, toolsets="audience") as agent:
        report = await agent.call(REPORT)
    assert "Roses[31m" in [row["segment"] for row in report["segments"]]


async def test_the_report_of_the_sample_account_is_short(agent: Agent) -> None:
    (block,) = (await agent.answer(REPORT, days=730)).content
    assert block.type == "text"
    assert len(block.text.encode()) < 6_000
