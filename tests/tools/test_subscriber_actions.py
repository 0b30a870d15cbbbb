"""The tools that act on subscribers, beyond the default ones."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from flodesk_mcp.sandbox import Account, Sandbox

from .agent import JASPER, NOTHING, Agent, Sent, connected

pytestmark = pytest.mark.anyio

ADD = "add_a_flodesk_subscriber_to_segments"
UNSUBSCRIBE = "unsubscribe_a_flodesk_subscriber"
BATCH = "create_flodesk_subscribers_in_batch"

NEWSLETTER, VIP = "6c9d091f92af5971ce63197a", "3e645b1e6b81ac90ec4a722e"
SEGMENT_NAMES = Sent("GET", "/v1/segments", {"page": "1", "per_page": "100"}, None)
FIELDS = Sent("GET", "/v1/custom-fields/all", {}, None)


@pytest.fixture
async def agent(era: str, sandbox: Sandbox) -> AsyncIterator[Agent]:
    async with connected(era, sandbox, toolsets="subscriber_actions") as agent:
        yield agent


async def test_a_subscriber_is_added_to_segments(agent: Agent, account: Account) -> None:
    before = list(account.subscribers[JASPER.id].segment_ids)
    data = await agent.call(ADD, id_or_email=JASPER.email, segment_ids=[VIP])
    assert agent.sent == [Sent("POST", f"/v1/subscribers/{JASPER.email}/segments", {}, {"segment_ids": [VIP]})]
    assert data == {
        "id": JASPER.id,
        "email": JASPER.email,
        "status": "active",
        "source": "csv",
        "first_name": "Jasper",
        "last_name": "Quill",
        "segments": [{"id": known, "name": account.segments[known].name} for known in [*before, VIP]],
        "custom_fields": {"favouriteFlower": "Ranunculus"},
        "created_at": "2026-08-26T02:54:18.534212Z",
    }


async def test_adding_creates_nobody(agent: Agent, account: Account) -> None:
    text = await agent.refused(ADD, id_or_email="nobody@example.com", segment_ids=[VIP])
    assert "(404)" in text
    assert account.find_subscriber("nobody@example.com") is None


async def test_a_person_is_unsubscribed_and_the_agent_told_that_it_is_final(agent: Agent, account: Account) -> None:
    data = await agent.call(UNSUBSCRIBE, id_or_email=JASPER.email)
    assert agent.sent == [Sent("POST", f"/v1/subscribers/{JASPER.email}/unsubscribe", {}, None)]
    assert account.subscribers[JASPER.id].status == data["status"] == "unsubscribed"
    assert data["notice"] == (
        "This person is unsubscribed: they get no mail, and only they can subscribe again, through a form."
    )


async def test_a_batch_is_one_request_with_all_rows_and_segments(agent: Agent, account: Account) -> None:
    rows = [
        {"email": "ada@example.com", "first_name": "Ada", "custom_fields": {"Venue": "Barn"}},
        {"id": JASPER.id, "last_name": "Quills"},
    ]
    data = await agent.call(BATCH, subscribers=rows, segment_ids=["vip", NEWSLETTER])
    both = {"segment_ids": [VIP, NEWSLETTER]}
    sent = [
        {"email": "ada@example.com", "first_name": "Ada", "custom_fields": {"venue": "Barn"}} | both,
        {"id": JASPER.id, "last_name": "Quills"} | both,
    ]
    assert agent.sent == [SEGMENT_NAMES, FIELDS, Sent("POST", "/v1/subscribers/batch", {}, {"subscribers": sent})]
    ada = account.find_subscriber("ada@example.com")
    assert ada is not None
    assert data == {
        "written": [
            {"id": ada.id, "email": "ada@example.com", "status": "active"},
            {"id": JASPER.id, "email": JASPER.email, "status": "active"},
        ],
        "failed": [],
        "used_ids": {"vip": VIP},
    }


async def test_rows_that_fail_are_reported_by_row_with_the_reason_and_never_as_written(
    agent: Agent, account: Account
) -> None:
    account.subscribers[JASPER.id].status = "bounced"
    rows = [{"email": "ada@example.com"}, {"id": NOTHING}, {"email": JASPER.email}, {"email": "b@nowhere"}]
    data = await agent.call(BATCH, subscribers=rows)
    assert [(row["email"], row["status"]) for row in data["written"]] == [
        ("ada@example.com", "active"),
        (JASPER.email, "bounced"),
    ]
    assert [(row["row"], row.get("id"), row.get("email")) for row in data["failed"]] == [
        (1, NOTHING, None),
        (3, None, "b@nowhere"),
    ]
    assert data["failed"][0] | {"row": 1} == {
        "row": 1,
        "id": NOTHING,
        "code": "not_found",
        "reason": "Subscriber not found.",
    }
    assert data["notice"] == ("2 of 4 rows were not written. 1 of the people written are not active and get no mail.")


@pytest.mark.parametrize(
    ("count", "complaint"), [(120, "at most 50 items"), (51, "at most 50"), (0, "at least 1 item")]
)
async def test_more_rows_than_a_batch_holds_are_refused_before_sending(
    agent: Agent, count: int, complaint: str
) -> None:
    rows = [{"email": f"p{number}@example.com"} for number in range(count)]
    text = await agent.refused(BATCH, subscribers=rows)
    assert text.startswith("Create or update up to 50 subscribers failed: nothing was sent. Argument 'subscribers': ")
    assert complaint in text
    assert not agent.sent


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"email": "nobody"}, "Argument 'email': 'nobody' is not an e-mail address."),
        (
            {"emial": "a@example.com"},
            "Unknown argument 'emial'. Did you mean 'email'? Valid: email, id, first_name, last_name, custom_fields.",
        ),
        ("a@example.com", "Input should be an object."),
        ({"first_name": "Ada"}, "Either `email` or `id` is needed, to know who is meant."),
        ({"email": "b@example.com", "custom_fields": {"Venu": "Barn"}}, "The account has no custom field 'Venu'."),
        (
            {"email": "b@example.com", "custom_fields": [{"field": "venue", "value": "x" * 257}]},
            "The value of custom field 'venue' has 257 characters; Flodesk takes at most 256.",
        ),
    ],
)
async def test_a_row_that_cannot_be_sent_does_not_cost_the_others(agent: Agent, row: Any, reason: str) -> None:
    rows = [{"email": "a@example.com"}, row, {"email": "c@example.com", "first_name": ""}]
    data = await agent.call(BATCH, subscribers=rows)
    assert [written["email"] for written in data["written"]] == ["a@example.com", "c@example.com"]
    (failed,) = data["failed"]
    assert (failed["row"], failed["code"], failed["reason"]) == (1, "not_sent", reason)
    assert data["notice"] == "1 of 3 rows were not written."
    assert agent.written[-1].body["subscribers"] == [{"email": "a@example.com"}, {"email": "c@example.com"}]


async def test_rows_that_flodesk_refuses_keep_their_number_behind_one_that_was_not_sent(agent: Agent) -> None:
    rows = [{"email": "nobody"}, {"email": "a@example.com"}, {"first_name": "Ada"}, {"id": NOTHING}]
    data = await agent.call(BATCH, subscribers=rows)
    assert [(row["row"], row["code"]) for row in data["failed"]] == [(0, "not_sent"), (2, "not_sent"), (3, "not_found")]
    assert [row["email"] for row in data["written"]] == ["a@example.com"]


async def test_without_a_row_that_can_be_sent_nothing_is(agent: Agent) -> None:
    data = await agent.call(BATCH, subscribers=[{"email": "nobody"}, {"email": "@"}])
    assert [row["row"] for row in data["failed"]] == [0, 1]
    assert data["written"] == []
    assert not agent.sent


async def test_a_batch_of_fifty_with_custom_fields_looks_them_up_once(agent: Agent) -> None:
    rows = [{"email": f"p{number}@example.com", "custom_fields": {"Venue": "Barn"}} for number in range(50)]
    data = await agent.call(BATCH, subscribers=rows, segment_ids=["VIP", "Newsletter", "Gift buyers"])
    assert [(sent.method, sent.path) for sent in agent.sent] == [
        ("GET", "/v1/segments"),
        ("GET", "/v1/custom-fields/all"),
        ("POST", "/v1/subscribers/batch"),
    ]
    assert len(data["written"]) == 50


async def test_rows_that_come_as_a_json_string_are_decoded(agent: Agent) -> None:
    data = await agent.call(BATCH, subscribers='[{"email": "ada@example.com"}]')
    assert [row["email"] for row in data["written"]] == ["ada@example.com"]
