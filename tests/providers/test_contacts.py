"""Contacts, segments and workflows of three providers through one set of tools."""

from typing import Any

import pytest

from flodesk_mcp.sandbox.flownurture import FlowNurture
from flodesk_mcp.sandbox.highlevel import HighLevel
from flodesk_mcp.sandbox.stand_in import StandIn
from tools.agent import JASPER, Agent

pytestmark = pytest.mark.anyio

PROVIDERS = ("flodesk", "flownurture", "highlevel")
each_provider = pytest.mark.parametrize("provider", PROVIDERS)


async def everybody(agent: Agent, **arguments: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    page = await agent.call("list_contacts", limit=50, **arguments)
    rows += page["result"]
    while cursor := page.get("next_cursor"):
        page = await agent.call("list_contacts", next_cursor=cursor)
        rows += page["result"]
    return rows


@pytest.mark.parametrize(("provider", "people"), [("flodesk", 420), ("flownurture", 42), ("highlevel", 58)])
async def test_a_list_is_read_to_its_end_by_its_cursor_alone(agent: Agent, provider: str, people: int) -> None:
    rows = await everybody(agent, provider=provider)
    assert len({row["id"] for row in rows}) == len(rows) == people
    assert {row["provider"] for row in rows} == {provider}


async def test_one_person_is_shown_side_by_side(agent: Agent) -> None:
    found = await agent.call("get_contact", provider="all", id_or_email=JASPER.email)
    assert list(found) == ["result"]
    assert [(row["provider"], row["first_name"], row["status"]) for row in found["result"]] == [
        ("flodesk", "Jasper", "subscribed"),
        ("flownurture", "Jasper", "unknown"),
        ("highlevel", "Jasper", "subscribed"),
    ]
    assert found["result"][0]["segments"][0] == "Newsletter"
    assert found["result"][2]["tags"] == ["wedding"]


async def test_who_is_at_one_provider_alone_is_shown_beside_where_they_are_not(agent: Agent) -> None:
    found = await agent.call("get_contact", provider="all", id_or_email="ines.vogel@example.com")
    assert [row["provider"] for row in found["result"]] == ["highlevel"]
    assert found["not_found_at"] == ["flodesk", "flownurture"]


async def test_nobody_anywhere_is_not_found(agent: Agent) -> None:
    text = await agent.refused("get_contact", provider="all", id_or_email="nobody@example.com")
    assert "404" in text


async def test_all_at_once_needs_an_address(agent: Agent) -> None:
    assert "needs an e-mail address" in await agent.refused("get_contact", provider="all", id_or_email=JASPER.id)


@each_provider
async def test_a_contact_is_found_by_address_and_by_id_alike(agent: Agent, provider: str) -> None:
    (found,) = (await agent.call("get_contact", provider=provider, id_or_email=JASPER.email))["result"]
    (again,) = (await agent.call("get_contact", provider=provider, id_or_email=found["id"]))["result"]
    assert found == again
    assert found["email"] == JASPER.email


@each_provider
async def test_to_save_is_to_create_and_then_to_change(agent: Agent, provider: str) -> None:
    made = await agent.call("save_contact", provider=provider, email="new@example.com", first_name="Nell")
    changed = await agent.call("save_contact", provider=provider, email="new@example.com", last_name="Fern")
    assert made["id"] == changed["id"]
    assert (changed["first_name"], changed["last_name"]) == ("Nell", "Fern")


@pytest.mark.parametrize(
    ("provider", "field", "value"),
    [("flodesk", "Venue", "Barn"), ("flownurture", "jobTitle", "Baker"), ("highlevel", "favourite flower", "Rose")],
)
async def test_further_fields_are_saved_by_their_names(agent: Agent, provider: str, field: str, value: str) -> None:
    fields = [{"field": field, "value": value}]
    saved = await agent.call("save_contact", provider=provider, email=JASPER.email, custom_fields=fields)
    assert value in saved["custom_fields"].values()


async def test_saving_somebody_who_gets_no_mail_says_so(agent: Agent, highlevel: StandIn[HighLevel]) -> None:
    quiet = next(row for row in highlevel.account.contacts.values() if row["dnd"])
    saved = await agent.call("save_contact", provider="highlevel", email=quiet["email"], first_name="Quiet")
    assert (saved["status"], saved["notice"]) == (
        "unsubscribed",
        "This person is unsubscribed at HighLevel and gets no mail.",
    )


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "subscribed"),
        ({"dnd": None, "dndSettings": None}, "unknown"),
        ({"dnd": True}, "unsubscribed"),
        ({"dndSettings": {"Email": {"status": "permanent"}}}, "unsubscribed"),
        ({"dndSettings": {"email": {"status": "active"}}}, "unsubscribed"),
        ({"dndSettings": {"SMS": {"status": "active"}}}, "subscribed"),
        ({"unsubscribeEmail": True}, "unsubscribed"),
        ({"bounceEmail": "true"}, "bounced"),
        ({"dndSettings": "of no known form"}, "subscribed"),
    ],
)
async def test_whom_highlevel_mails_is_read_from_what_it_says_of_mail(
    agent: Agent, highlevel: StandIn[HighLevel], changes: dict[str, Any], status: str
) -> None:
    jasper = highlevel.account.with_value("email", JASPER.email) or {}
    jasper.update(changes)
    (found,) = (await agent.call("get_contact", provider="highlevel", id_or_email=JASPER.email))["result"]
    assert found["status"] == status


async def test_what_a_provider_has_beyond_the_common_form_is_named(
    agent: Agent, flownurture: StandIn[FlowNurture]
) -> None:
    next(iter(flownurture.account.contacts.values()))["leadScore"] = 7
    (found,) = (await agent.call("get_contact", provider="flownurture", id_or_email=JASPER.email))["result"]
    assert found["raw_only"] == ["leadScore"]


@pytest.mark.parametrize(
    ("status", "theirs"),
    [
        ("subscribed", {"active"}),
        ("unsubscribed", {"unsubscribed", "complained"}),
        ("pending", {"unconfirmed"}),
        ("bounced", {"bounced", "cleaned"}),
        ("unknown", {"archived"}),
    ],
)
async def test_flodesks_statuses_are_told_apart_and_none_is_lost(agent: Agent, status: str, theirs: set[str]) -> None:
    rows = await everybody(agent, provider="flodesk", status=status)
    wanted = {person.id for person in agent.account.subscribers.values() if person.status in theirs}
    assert {row["id"] for row in rows} == wanted
    assert len(rows) == len(wanted)
    assert {row["status"] for row in rows} <= {status}


async def test_who_is_in_a_segment_or_has_a_tag_is_listed_by_its_name(agent: Agent) -> None:
    vips = await everybody(agent, provider="flodesk", segment_id="vip")
    tagged = await everybody(agent, provider="highlevel", segment_id="VIP")
    assert all("VIP" in row["segments"] for row in vips)
    assert all("vip" in row["tags"] for row in tagged)
    assert vips
    assert tagged


@pytest.mark.parametrize("provider", ["flownurture", "highlevel"])
async def test_a_search_finds_by_a_part_of_the_name(agent: Agent, provider: str) -> None:
    found = await agent.call("list_contacts", provider=provider, search="jasper")
    assert {row["first_name"] for row in found["result"]} == {"Jasper"}
    assert JASPER.email in {row["email"] for row in found["result"]}


@pytest.mark.parametrize(
    ("provider", "kinds"), [("flodesk", {"segment", "rules"}), ("flownurture", {"rules"}), ("highlevel", {"tag"})]
)
async def test_segments_say_what_kind_they_are(agent: Agent, provider: str, kinds: set[str]) -> None:
    listed = await agent.call("list_contact_segments", provider=provider, limit=100)
    assert {row["kind"] for row in listed["result"]} == kinds
    assert listed["total_items"] == len(listed["result"])
    one = await agent.call("get_contact_segment", provider=provider, segment_id=listed["result"][0]["name"])
    assert one["id"] == listed["result"][0]["id"]


async def test_a_tag_tells_how_many_have_it(agent: Agent, highlevel: StandIn[HighLevel]) -> None:
    tag = await agent.call("get_contact_segment", provider="highlevel", segment_id="vip")
    assert tag["contacts"] == sum("vip" in row["tags"] for row in highlevel.account.contacts.values())


async def test_a_list_that_a_provider_gives_whole_has_pages_all_the_same(agent: Agent) -> None:
    first = await agent.call("list_contact_segments", provider="highlevel", limit=2)
    second = await agent.call("list_contact_segments", next_cursor=first["next_cursor"])
    assert [row["name"] for row in [*first["result"], *second["result"]]] == ["wedding", "vip", "workshop"]
    assert "next_cursor" not in second


async def test_flodesk_and_highlevel_put_into_segments_and_take_out_by_name(
    agent: Agent, highlevel: StandIn[HighLevel]
) -> None:
    for provider, kind, name in (("flodesk", "segments", "VIP"), ("highlevel", "tags", "vip")):
        given = {"provider": provider, "id_or_email": JASPER.email, "segment_ids": ["vip"]}
        added = await agent.call("add_contact_to_segments", **given)
        removed = await agent.call("remove_contact_from_segments", **given)
        assert (added["kind"], name in added["now_in"], name in removed["now_in"]) == (kind, True, False)
        assert added["added"] == removed["removed"]
    assert (highlevel.account.with_value("email", JASPER.email) or {})["tags"] == ["wedding"]


async def test_flownurture_gives_tags_by_their_ids(agent: Agent, flownurture: StandIn[FlowNurture]) -> None:
    tag = next(iter(flownurture.account.tags))
    given = {"provider": "flownurture", "id_or_email": JASPER.email, "segment_ids": [tag]}
    added = await agent.call("add_contact_to_segments", **given)
    assert (added["kind"], added["added"]) == ("tags", {tag: tag})
    assert flownurture.account.tagged == {(added["id"], tag)}
    await agent.call("remove_contact_from_segments", **given)
    assert not flownurture.account.tagged


@each_provider
async def test_workflows_are_listed_shown_and_joined_by_name(agent: Agent, provider: str) -> None:
    name = {"flodesk": "Birthday posy", "flownurture": "Welcome", "highlevel": "Nurture"}[provider]
    listed = await agent.call("list_contact_workflows", provider=provider, limit=50)
    one = await agent.call("get_contact_workflow", provider=provider, workflow_id=name)
    assert one["id"] in {row["id"] for row in listed["result"]}
    await agent.call("save_contact", provider=provider, email="new@example.com")
    joined = await agent.call("enroll_contact", provider=provider, workflow_id=name, id_or_email="new@example.com")
    assert (joined["workflow_id"], joined["enrolled"]) == (one["id"], True)


async def test_steps_are_shown_where_the_provider_has_them(agent: Agent) -> None:
    one = await agent.call("get_contact_workflow", provider="flownurture", workflow_id="Welcome")
    assert one["steps"] == [{"type": "EMAIL", "order": 1, "delay": "2 DAYS"}]
