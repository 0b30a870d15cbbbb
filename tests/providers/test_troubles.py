"""What an agent is told where a provider cannot do something, was given something wrong, or is down."""

from dataclasses import replace
from typing import Any

import pytest

from flodesk_mcp.sandbox import Fault, Sandbox
from flodesk_mcp.sandbox.flownurture import FlowNurture
from flodesk_mcp.sandbox.highlevel import HighLevel
from flodesk_mcp.sandbox.stand_in import StandIn
from tools.agent import JASPER, Agent, connected

from .conftest import TOOLSETS

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("tool", "arguments", "instead"),
    [
        ("list_contacts", {"provider": "flodesk", "search": "quill"}, "search_flodesk_subscribers"),
        ("list_contacts", {"provider": "flownurture", "segment_id": "Customers"}, "use search"),
        ("list_contacts", {"provider": "flownurture", "status": "subscribed"}, "who may be mailed"),
        ("list_contacts", {"provider": "highlevel", "status": "subscribed"}, "cannot filter by status"),
        ("save_contact", {"provider": "flodesk", "email": JASPER.email, "phone": "+1"}, "use custom_fields"),
        ("save_contact", {"provider": "flodesk", "email": JASPER.email, "company": "X"}, "use custom_fields"),
        ("save_contact", {"provider": "flownurture", "email": JASPER.email, "phone": "+1"}, "FlowNurture has no phone"),
    ],
)
async def test_what_a_provider_cannot_do_says_what_can_be_done_instead(
    agent: Agent, tool: str, arguments: dict[str, Any], instead: str
) -> None:
    text = await agent.refused(tool, **arguments)
    assert "nothing was sent" in text
    assert "cannot do this" in text
    assert instead in text
    assert not agent.sandbox.requests
    assert not agent.sandbox.flownurture.requests
    assert not agent.sandbox.highlevel.requests


async def test_nobody_is_added_to_a_segment_that_is_made_by_rules(
    agent: Agent, flownurture: StandIn[FlowNurture]
) -> None:
    for segment in ("Customers", next(iter(flownurture.account.segments))):
        given = {"provider": "flownurture", "id_or_email": JASPER.email, "segment_ids": [segment]}
        assert "made by rules" in await agent.refused("add_contact_to_segments", **given)
        assert "made by rules" in await agent.refused("remove_contact_from_segments", **given)
    assert {sent.method for sent in flownurture.requests} == {"GET"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"nickname": "J"}, "no custom field 'nickname'"), ({"lifecycleStage": "FRIEND"}, "one of SUBSCRIBER, LEAD")],
)
async def test_flownurture_has_no_custom_fields_of_ones_own(agent: Agent, fields: dict[str, str], words: str) -> None:
    given = {"provider": "flownurture", "email": JASPER.email, "custom_fields": fields}
    assert words in await agent.refused("save_contact", **given)


async def test_an_unknown_custom_field_of_highlevel_names_those_that_there_are(agent: Agent) -> None:
    given = {"provider": "highlevel", "email": JASPER.email, "custom_fields": {"nickname": "J"}}
    assert "'Favourite flower'" in await agent.refused("save_contact", **given)


async def test_an_id_of_another_provider_is_told_apart_by_name(agent: Agent, highlevel: StandIn[HighLevel]) -> None:
    listed = await agent.call("list_contacts", provider="highlevel", limit=1)
    known = listed["result"][0]["id"]
    text = await agent.refused("get_contact", provider="flownurture", id_or_email=known)
    assert f"'{known}' is an id of HighLevel, which means nothing to FlowNurture" in text
    assert "provider 'highlevel'" in text
    assert not agent.sandbox.flownurture.requests


async def test_a_segment_and_a_workflow_of_another_provider_are_told_apart_as_well(agent: Agent) -> None:
    segment = (await agent.call("list_contact_segments", provider="highlevel"))["result"][0]["id"]
    workflow = (await agent.call("list_contact_workflows", provider="highlevel"))["result"][0]["id"]
    for tool, arguments in (
        ("get_contact_segment", {"segment_id": segment}),
        ("list_contacts", {"segment_id": segment}),
        ("add_contact_to_segments", {"id_or_email": JASPER.email, "segment_ids": [segment]}),
        ("enroll_contact", {"workflow_id": workflow, "id_or_email": JASPER.email}),
    ):
        assert "is an id of HighLevel" in await agent.refused(tool, provider="flodesk", **arguments)
    assert not agent.written


async def test_an_id_that_nobody_has_shown_is_not_found_at_the_provider_by_name(agent: Agent) -> None:
    for provider, said in (("flownurture", "FlowNurture knows nothing"), ("highlevel", "HighLevel knows nothing")):
        text = await agent.refused("get_contact", provider=provider, id_or_email="c0ffee")
        assert said in text
        assert "list_contacts" in text


@pytest.mark.parametrize(
    ("tool", "arguments", "known"),
    [
        ("get_contact_segment", {"segment_id": "Nope"}, "'vip' is "),
        ("get_contact_workflow", {"workflow_id": "Nope"}, "'Nurture' is "),
        ("add_contact_to_segments", {"id_or_email": JASPER.email, "segment_ids": ["Nope"]}, "'vip' is "),
    ],
)
async def test_a_name_that_there_is_not_lists_those_that_there_are(
    agent: Agent, tool: str, arguments: dict[str, Any], known: str
) -> None:
    assert known in await agent.refused(tool, provider="highlevel", **arguments)


async def test_a_provider_must_be_chosen_where_there_are_several(agent: Agent) -> None:
    text = await agent.refused("list_contacts")
    assert "provider is missing: it is one of flodesk, flownurture, highlevel" in text
    assert "There is no provider 'mailchimp'" in await agent.refused("list_contacts", provider="mailchimp")


async def test_a_cursor_belongs_to_its_provider_and_its_filters(agent: Agent) -> None:
    cursor = (await agent.call("list_contacts", provider="highlevel", search="a", limit=2))["next_cursor"]
    assert "another provider" in await agent.refused("list_contacts", provider="flodesk", next_cursor=cursor)
    assert "another search" in await agent.refused("list_contacts", search="b", next_cursor=cursor)
    assert "damaged" in await agent.refused("list_contact_segments", next_cursor=cursor)


async def test_one_provider_is_down_while_the_others_answer(agent: Agent, flownurture: StandIn[FlowNurture]) -> None:
    flownurture.fail(Fault("refuse", times=99))
    found = await agent.call("get_contact", provider="all", id_or_email=JASPER.email)
    assert [row["provider"] for row in found["result"]] == ["flodesk", "highlevel"]
    assert [failure["provider"] for failure in found["failed"]] == ["flownurture"]
    assert "No connection to api.flownurture.com" in found["failed"][0]["reason"]


async def test_nobody_is_called_missing_while_a_provider_is_down(agent: Agent, highlevel: StandIn[HighLevel]) -> None:
    highlevel.fail(Fault("status", status=503, times=99))
    found = await agent.call("get_contact", provider="all", id_or_email="nobody@example.com")
    assert (found["result"], found["not_found_at"]) == ([], ["flodesk", "flownurture"])
    assert "HighLevel has a problem of its own (503)" in found["failed"][0]["reason"]


async def test_all_providers_down_is_an_error(agent: Agent) -> None:
    for stand_in in (agent.sandbox, agent.sandbox.flownurture, agent.sandbox.highlevel):
        stand_in.fail(Fault("status", status=500, times=99))
    assert "problem of its own (500)" in await agent.refused("get_contact", provider="all", id_or_email=JASPER.email)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault("status", status=409), "FlowNurture does not accept it (409)"),
        (Fault("status", status=422), "FlowNurture does not accept it (422)"),
        (Fault("status", status=401), "must check the setting FLOWNURTURE_API_KEY"),
        (Fault("status", status=403), "FlowNurture does not allow this with the credential in use (403)"),
        (Fault("status", status=429, retry_after=90, times=9), "FlowNurture account (429) is spent"),
        (Fault("html", times=9), "FlowNurture has a problem of its own (502)"),
        (Fault("status", status=200, body="<html>", times=9), "FlowNurture answered (200) in a form"),
    ],
)
async def test_what_goes_wrong_names_the_provider_and_what_to_do(
    agent: Agent, flownurture: StandIn[FlowNurture], fault: Fault, told: str
) -> None:
    flownurture.fail(fault)
    text = await agent.refused("list_contacts", provider="flownurture")
    assert told in text
    assert "Flodesk" not in text
    assert "fn_sandbox" not in text


async def test_a_missing_scope_says_who_can_give_it(agent: Agent, highlevel: StandIn[HighLevel]) -> None:
    highlevel.account.scopes.clear()
    text = await agent.refused("list_contacts", provider="highlevel")
    assert "does not allow this with the credential in use (401)" in text
    assert "Private Integrations" in text


async def test_a_wrong_location_names_its_setting(agent: Agent, highlevel: StandIn[HighLevel]) -> None:
    highlevel.account.location_id = "elsewhere"
    text = await agent.refused("list_contact_segments", provider="highlevel")
    assert "(403)" in text
    assert "HIGHLEVEL_LOCATION_ID" in text


async def test_a_duplicate_phone_number_names_who_has_it(agent: Agent, highlevel: StandIn[HighLevel]) -> None:
    jasper = highlevel.account.with_value("email", JASPER.email) or {}
    given = {"provider": "highlevel", "email": "sister@example.com", "phone": jasper["phone"]}
    text = await agent.refused("save_contact", **given)
    assert f"The contact {jasper['id']} has the same phone" in text


async def test_a_full_page_of_a_provider_may_be_the_last_and_the_next_is_empty(
    agent: Agent, flownurture: StandIn[FlowNurture]
) -> None:
    for known in list(flownurture.account.contacts)[20:]:
        del flownurture.account.contacts[known]
    first = await agent.call("list_contacts", provider="flownurture", limit=20)
    second = await agent.call("list_contacts", next_cursor=first["next_cursor"])
    assert (len(first["result"]), second) == (20, {"result": []})


async def test_an_enrollment_in_doubt_says_how_to_look(agent: Agent, flownurture: StandIn[FlowNurture]) -> None:
    flownurture.fail(Fault("drop_after", path="/enrollments"))
    given = {"provider": "flownurture", "workflow_id": "Welcome", "id_or_email": JASPER.email}
    text = await agent.refused("enroll_contact", **given)
    assert "may or may not have happened" in text
    assert "Look in the provider" in text


async def test_reading_only_turns_off_what_writes(sandbox: Sandbox) -> None:
    async with connected("2026-07-28", sandbox, toolsets=TOOLSETS, read_only=True) as agent:
        names = {tool.name for tool in (await agent.client.list_tools()).tools}
        text = await agent.refused("save_contact", provider="highlevel", email="new@example.com")
    assert "list_contacts" in names
    assert not names & {"save_contact", "add_contact_to_segments", "remove_contact_from_segments", "enroll_contact"}
    assert "FLODESK_READ_ONLY" in text
    assert not sandbox.highlevel.requests


async def test_masked_personal_data_stay_masked_at_every_provider(sandbox: Sandbox) -> None:
    people = [*sandbox.flownurture.account.contacts.values(), *sandbox.highlevel.account.contacts.values()]
    async with connected("2026-07-28", sandbox, toolsets=TOOLSETS, personal_data="masked") as agent:
        shown = [
            await agent.call("list_contacts", provider=provider, limit=100)
            for provider in ("flodesk", "flownurture", "highlevel")
        ]
        shown.append(await agent.call("get_contact", provider="all", id_or_email=JASPER.email))
        shown.append(await agent.call("get_highlevel_user", user_id=next(iter(sandbox.highlevel.account.users))))
        text = str(shown) + await agent.refused("get_contact", provider="highlevel", id_or_email="nobody@example.com")
        refused = await agent.refused("save_contact", provider="highlevel", email="j***@e***.org")
    assert not [row["email"] for row in people if row["email"] in text]
    assert not [row["lastName"] for row in people if f"'{row['lastName']}'" in text]
    assert not [row["phone"] for row in sandbox.highlevel.account.contacts.values() if row["phone"] in text]
    assert "Peony" not in text
    assert "rowan@example.com" not in text
    assert "masked personal data" in refused


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault("status", status=404), "FlowNurture knows nothing under what was given (404)"),
        (Fault("status", status=429, retry_after=90, times=9), "FlowNurture account (429) is spent: try again in 90"),
        (Fault("drop_after", times=9), "try again"),
    ],
)
@pytest.mark.parametrize("tool", ["add_contact_to_segments", "remove_contact_from_segments"])
async def test_a_failure_among_several_tags_says_which_were_done(
    agent: Agent, flownurture: StandIn[FlowNurture], tool: str, fault: Fault, told: str
) -> None:
    known = next(iter(flownurture.account.contacts))
    tags = [*flownurture.account.tags, "second", "third"][-3:]
    flownurture.account.tags |= {tag: tag for tag in tags}
    flownurture.account.tagged |= {(known, tag) for tag in tags if tool.startswith("remove")}
    flownurture.fail(Fault("status", status=200, body='{"success": true}', path="/tags/"))
    flownurture.fail(replace(fault, path="/tags/"))
    text = await agent.refused(tool, provider="flownurture", id_or_email=known, segment_ids=tags)
    assert f"Done: {tags[0]!r}. Not done: {tags[1]!r}, {tags[2]!r}, where the first of them failed." in text
    assert told.casefold() in text.casefold()
    assert "did nothing" not in text
    done = {tag for tag in tags if ((known, tag) in flownurture.account.tagged) is tool.startswith("add")}
    assert tags[2] not in done
    assert {sent.body["tagId"] for sent in flownurture.requests if "/tags/" in sent.path} == set(tags[:2])
