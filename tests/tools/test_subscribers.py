"""The tools on subscribers."""

from typing import Any

import pytest

from .agent import JASPER, NOTHING, Agent, Sent

pytestmark = pytest.mark.anyio

NEWSLETTER, WEDDINGS, VIP = "6c9d091f92af5971ce63197a", "48d64e970cb5c21415bb2008", "3e645b1e6b81ac90ec4a722e"

SHOWN: dict[str, Any] = {
    "id": JASPER.id,
    "email": JASPER.email,
    "status": "active",
    "source": "csv",
    "first_name": "Jasper",
    "last_name": "Quill",
    "segments": [
        {"id": NEWSLETTER, "name": "Newsletter"},
        {"id": "e043d82a4183d240f4f258d8", "name": "Weekly bouquet subscribers"},
        {"id": "5fa07a8cc29bd5b60ef479eb", "name": "Opened in the last 90 days"},
    ],
    "custom_fields": {"favouriteFlower": "Ranunculus"},
    "created_at": "2026-08-26T02:54:18.534212Z",
}
SEGMENT_IDS = {segment["name"]: segment["id"] for segment in SHOWN["segments"]}
LISTED = SHOWN | {"segments": list(SEGMENT_IDS)}


async def test_subscribers_are_listed_newest_first_with_status_and_segment(agent: Agent) -> None:
    data = await agent.call(
        "list_all_flodesk_subscribers", limit=2, status="active", segment_id="e043d82a4183d240f4f258d8"
    )
    assert agent.sent == [
        Sent(
            "GET",
            "/v1/subscribers",
            {"page": "1", "per_page": "2", "status": "active", "segment_id": "e043d82a4183d240f4f258d8"},
            None,
        )
    ]
    other = agent.account.subscribers[data["result"][1]["id"]]
    assert data == {
        "result": [LISTED, data["result"][1]],
        "segment_ids": SEGMENT_IDS | {agent.account.segments[known].name: known for known in other.segment_ids},
        "next_cursor": data["next_cursor"],
        "total_items": 35,
    }


async def test_without_arguments_people_of_every_status_are_listed(agent: Agent) -> None:
    data = await agent.call("list_all_flodesk_subscribers")
    assert agent.sent == [Sent("GET", "/v1/subscribers", {"page": "1", "per_page": "20"}, None)]
    newest = list(reversed(agent.account.subscribers))[:20]
    assert [person["id"] for person in data["result"]] == newest
    assert data["result"][1] == LISTED
    assert data.keys() == {"result", "segment_ids", "next_cursor", "total_items"}
    assert data["total_items"] == 420


@pytest.mark.parametrize("id_or_email", [JASPER.id, JASPER.email, f"  {JASPER.email}\n"])
async def test_one_person_is_got_by_id_or_email(agent: Agent, id_or_email: str) -> None:
    assert await agent.call("get_single_flodesk_subscriber_by_id", id_or_email=id_or_email) == SHOWN
    assert agent.sent == [Sent("GET", f"/v1/subscribers/{id_or_email.strip()}", {}, None)]


async def test_a_new_person_is_created_with_all_that_is_given(agent: Agent) -> None:
    given: dict[str, Any] = {
        "email": "jane+vip@example.com",
        "first_name": "Jane",
        "last_name": "Doe",
        "segment_ids": [NEWSLETTER, VIP],
        "double_optin": False,
        "optin_ip": "192.0.2.7",
        "optin_timestamp": "2026-09-01T12:00:00Z",
    }
    data = await agent.call(
        "create_a_flodesk_subscriber", **given, custom_fields={"Favourite Flower": "Peony", "venue": "Barn"}
    )
    assert agent.sent == [
        Sent("GET", "/v1/custom-fields/all", {}, None),
        Sent("POST", "/v1/subscribers", {}, {**given, "custom_fields": {"favouriteFlower": "Peony", "venue": "Barn"}}),
    ]
    assert data == {
        "id": list(agent.account.subscribers)[-1],
        "email": "jane+vip@example.com",
        "status": "active",
        "source": "integration",
        "first_name": "Jane",
        "last_name": "Doe",
        "segments": [{"id": NEWSLETTER, "name": "Newsletter"}, {"id": VIP, "name": "VIP"}],
        "custom_fields": {"favouriteFlower": "Peony", "venue": "Barn"},
        "optin_ip": "192.0.2.7",
        "optin_timestamp": "2026-09-01T12:00:00Z",
        "created_at": "2026-09-15T10:30:00.000005Z",
    }


@pytest.mark.parametrize("who", [{"id": JASPER.id}, {"email": JASPER.email}])
async def test_a_known_person_is_updated_in_what_is_given_alone(agent: Agent, who: dict[str, str]) -> None:
    data = await agent.call("create_a_flodesk_subscriber", **who, first_name="Jay")
    assert agent.sent == [Sent("POST", "/v1/subscribers", {}, {**who, "first_name": "Jay"})]
    assert data == SHOWN | {"first_name": "Jay"}


async def test_custom_fields_are_looked_up_once_for_many_writes(agent: Agent) -> None:
    for _ in range(3):
        await agent.call("create_a_flodesk_subscriber", id=JASPER.id, custom_fields={"venue": "Barn"})
    assert [sent.method for sent in agent.sent] == ["GET", "POST", "POST", "POST"]


async def test_nobody_is_written_without_an_email_or_id(agent: Agent) -> None:
    assert await agent.refused("create_a_flodesk_subscriber", first_name="Jane") == (
        "Create or update a subscriber failed: nothing was sent. "
        "Either `email` or `id` is needed, to know who is meant."
    )
    assert not agent.sent


async def test_a_custom_field_that_does_not_exist_lists_those_that_do_and_how_to_make_one(agent: Agent) -> None:
    text = await agent.refused(
        "create_a_flodesk_subscriber", email=JASPER.email, custom_fields={"venue": "Barn", "shoeSize": "40"}
    )
    assert text == (
        "Create or update a subscriber failed: nothing was sent. The account has no custom field 'shoeSize'. "
        "Flodesk would drop the value silently. Existing fields: birthday ('Birthday'), "
        "favouriteFlower ('Favourite flower'), weddingDate ('Wedding date'), venue ('Venue'), "
        "howDidYouHear ('How did you hear'), deliveryDay ('Delivery day'). A new one: create_a_flodesk_custom_field."
    )
    assert [sent.method for sent in agent.sent] == ["GET"]


async def test_a_value_of_257_characters_is_refused_with_its_length(agent: Agent) -> None:
    text = await agent.refused("create_a_flodesk_subscriber", email=JASPER.email, custom_fields={"venue": "x" * 257})
    assert text == (
        "Create or update a subscriber failed: nothing was sent. "
        "The value of custom field 'venue' has 257 characters; Flodesk takes at most 256."
    )
    assert not agent.sent


@pytest.mark.parametrize("email", ["jane", "jane@", "@example.com", "two words@example.com"])
async def test_an_email_that_is_none_is_refused_before_any_request(agent: Agent, email: str) -> None:
    text = await agent.refused("create_a_flodesk_subscriber", email=email)
    assert text.startswith("Create or update a subscriber failed: nothing was sent. Argument 'email': ")
    assert not agent.sent


async def test_an_unknown_segment_of_a_write_names_the_tool_that_lists_them(agent: Agent) -> None:
    text = await agent.refused("create_a_flodesk_subscriber", email="jane@example.com", segment_ids=[NOTHING])
    assert text.startswith(
        "Create or update a subscriber failed: Flodesk does not accept it (400). "
        f"Flodesk's words: 'Segment {NOTHING} does not exist.'."
    )
    assert "list_all_flodesk_segments" in text


async def test_a_person_is_taken_out_of_segments_with_a_body_on_delete(agent: Agent) -> None:
    data = await agent.call(
        "delete_a_flodesk_subscriber_by_id", id_or_email=JASPER.email, segment_ids=[NEWSLETTER, WEDDINGS]
    )
    assert agent.sent == [
        Sent("DELETE", f"/v1/subscribers/{JASPER.email}/segments", {}, {"segment_ids": [NEWSLETTER, WEDDINGS]})
    ]
    assert data == SHOWN | {"segments": SHOWN["segments"][1:]}


@pytest.mark.parametrize("segment_ids", [[], [NEWSLETTER] * 51, [""], [" "]])
async def test_segments_to_leave_are_one_to_fifty_ids(agent: Agent, segment_ids: list[str]) -> None:
    text = await agent.refused("delete_a_flodesk_subscriber_by_id", id_or_email=JASPER.email, segment_ids=segment_ids)
    assert text.startswith("Remove a subscriber from segments failed: nothing was sent. Argument 'segment_ids")
    assert not agent.sent


@pytest.mark.parametrize(
    ("tool", "arguments", "listers"),
    [
        ("get_single_flodesk_subscriber_by_id", {}, "list_all_flodesk_subscribers"),
        (
            "delete_a_flodesk_subscriber_by_id",
            {"segment_ids": [VIP]},
            "list_all_flodesk_segments, list_all_flodesk_subscribers",
        ),
    ],
)
@pytest.mark.parametrize("id_or_email", [NOTHING, "nobody@example.com"])
async def test_an_unknown_person_names_the_tools_that_list_what_exists(
    agent: Agent, tool: str, arguments: dict[str, Any], listers: str, id_or_email: str
) -> None:
    text = await agent.refused(tool, id_or_email=id_or_email, **arguments)
    assert text.endswith(
        " failed: Flodesk knows nothing under what was given (404). "
        f"Flodesk's words: 'Subscriber not found.'. What exists: {listers}."
    )


@pytest.mark.parametrize("id_or_email", ["../segments", "a/b@example.com", "..", ".", "a\\b", "a\x00b", "x" * 10_000])
async def test_no_id_leads_out_of_the_operation(agent: Agent, id_or_email: str) -> None:
    for tool, more in (
        ("get_single_flodesk_subscriber_by_id", {}),
        ("delete_a_flodesk_subscriber_by_id", {"segment_ids": [VIP]}),
        ("delete_a_flodesk_workflow_by_id", {"workflow_id": NOTHING}),
    ):
        assert "nothing was sent." in await agent.refused(tool, id_or_email=id_or_email, **more)
    assert not agent.sent


async def test_fields_keeps_the_named_ones_and_id(agent: Agent) -> None:
    fields = ["status", "custom_fields"]
    kept = {name: SHOWN[name] for name in ("id", *fields)}
    one = await agent.call("get_single_flodesk_subscriber_by_id", id_or_email=JASPER.id, fields=fields)
    page = await agent.call("list_all_flodesk_subscribers", limit=2, fields=fields)
    assert one == kept
    assert page["result"][1] == kept


NOTICES = {
    "unsubscribed": "only they can subscribe again",
    "unconfirmed": "not confirmed",
    "bounced": "bounced",
    "complained": "reported mail as spam",
    "cleaned": "undeliverable",
    "archived": "archived",
}


@pytest.mark.parametrize(("status", "holds"), NOTICES.items())
async def test_a_write_on_somebody_who_gets_no_mail_says_so_beside_the_data(
    agent: Agent, status: Any, holds: str
) -> None:
    agent.account.subscribers[JASPER.id].status = status
    written = await agent.call("create_a_flodesk_subscriber", id=JASPER.id, first_name="Jasper")
    taken_out = await agent.call("delete_a_flodesk_subscriber_by_id", id_or_email=JASPER.id, segment_ids=[NOTHING])
    assert holds in written["notice"]
    assert written == taken_out == SHOWN | {"status": status, "notice": written["notice"]}


async def test_a_read_of_somebody_who_gets_no_mail_has_no_notice(agent: Agent) -> None:
    agent.account.subscribers[JASPER.id].status = "unsubscribed"
    assert await agent.call("get_single_flodesk_subscriber_by_id", id_or_email=JASPER.id) == SHOWN | {
        "status": "unsubscribed"
    }
