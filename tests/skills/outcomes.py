"""What Flodesk holds, and what was answered, after each skill was followed."""

from collections.abc import Callable
from typing import Any

from flodesk_mcp.sandbox.account import Subscriber
from tools.agent import Agent

Answers = list[dict[str, Any]]
FRESH = "fresh@example.com"


def _person(agent: Agent, email: str) -> Subscriber:
    person = agent.account.find_subscriber(email)
    assert person is not None
    return person


def _members(agent: Agent, segment: str) -> set[str]:
    (known,) = [known.id for known in agent.account.segments.values() if known.name == segment]
    return {person.email for person in agent.account.subscribers.values() if known in person.segment_ids}


def imported(agent: Agent, answers: Answers) -> None:
    """Those with an address are in the new segment; the row without one is told, with its reason."""
    plan, _, job = answers
    assert (plan["new"], plan["invalid"], plan["problems"][0]["row"]) == (1, 1, 4)
    assert (job["state"], job["written"], job["skipped"]) == ("done", 2, 1)
    assert _members(agent, "Fair 2026") == {"nora@example.com", "elif@example.org"}
    assert _person(agent, "nora@example.com").custom_fields == {"favouriteFlower": "Dahlia"}


def reported(agent: Agent, answers: Answers) -> None:
    """The one who joined is counted, shown without name and address, and nothing was written by the skill."""
    report, found, sent = answers
    assert report["joined"]["people"] == found["total_items"] == 1
    assert found["result"][0].keys() <= {"id", "source", "segments", "created_at"}
    assert [campaign["status"] for campaign in sent["result"]] == ["done"] * len(sent["result"])
    assert sent["result"]
    assert [request.body["email"] for request in agent.written] == [FRESH]


def kept_in_step(agent: Agent, answers: Answers) -> None:
    """The segment holds exactly the list, and the way back is open."""
    segment, plan, _, job, left, *_, webhook = answers
    assert segment["segment_type"] == "static"
    assert plan["to_remove"] > plan["to_add"] == 2
    assert any("More than half" in warning for warning in plan["warnings"])
    assert job["state"] == "done"
    assert _members(agent, "VIP") == {"elif@example.org", "nora@example.com"}
    assert left["total_items"] == sum(person.status == "unsubscribed" for person in agent.account.subscribers.values())
    assert agent.account.webhooks[webhook["id"]].events == ["subscriber.unsubscribed"]


def launched(agent: Agent, answers: Answers) -> None:
    """Everybody of both segments is in the new one, but for those who left or bounced; the e-mail is a draft."""
    *_, job, draft, segment = answers
    meant = _members(agent, "VIP") | _members(agent, "Gift buyers")
    assert job["state"] == "done"
    statuses = {email: _person(agent, email).status for email in meant}
    assert _members(agent, "Winter launch") == {
        email for email in meant if statuses[email] in {"active", "unconfirmed"}
    }
    assert segment["total_active_subscribers"] == list(statuses.values()).count("active") > 0
    assert agent.account.campaigns[draft["id"]].status == "draft"


def erased(agent: Agent, answers: Answers) -> None:
    """What was held was handed over; then no segment, no name, no field and no mail is left."""
    before, namesakes, _, export, *_, after = answers
    assert before["id"] in {person["id"] for person in namesakes["result"]}
    assert (export["state"], export["written"]) == ("done", 1)
    assert after.keys() <= {"id", "email", "status", "source", "created_at", "optin_ip", "optin_timestamp"}
    assert after["status"] == _person(agent, "elif@example.org").status == "unsubscribed"


def moved(agent: Agent, answers: Answers) -> None:
    """People came with field, tags as segments, one of them new, and the moment of their opt-in."""
    *_, plan, _, job, person = answers
    assert plan["segments_to_create"] == ["Alumni"]
    assert (job["state"], job["written"]) == ("done", 2)
    assert {segment["name"] for segment in person["segments"]} == {"VIP", "Alumni"}
    assert person["custom_fields"] == {"weddingDate": "2027-05-01"}
    assert person["optin_timestamp"].startswith("2024-03-16T14:4")


OUTCOMES: dict[str, Callable[[Agent, Answers], None]] = {
    "import-a-list": imported,
    "weekly-report": reported,
    "keep-a-segment-in-step": kept_in_step,
    "launch": launched,
    "erase-a-person": erased,
    "move-to-flodesk": moved,
}
