"""Searching everybody, as an agent does it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic_core import to_json

from flodesk_mcp.sandbox import Account, Fault, Sandbox
from flodesk_mcp.tools.paging import sealed

from .agent import JASPER, Agent, connected

pytestmark = pytest.mark.anyio

SEARCH = "search_flodesk_subscribers"


@pytest.fixture
async def agent(era: str, sandbox: Sandbox) -> Any:
    async with connected(era, sandbox, toolsets="all") as agent:
        yield agent


def condition(field: str, operator: str, value: str = "") -> dict[str, str]:
    return {"field": field, "operator": operator, "value": value}


async def _ids(agent: Agent, *where: dict[str, str], **arguments: Any) -> set[str]:
    found = await agent.call(SEARCH, where=list(where), limit=100, **arguments)
    ids = {person["id"] for person in found["result"]}
    assert found["total_items"] == len(ids)
    return ids


async def test_people_are_found_by_any_field(agent: Agent) -> None:
    people = agent.account.subscribers.values()
    assert await _ids(agent, condition("email", "contains", "J.QUILL")) == {JASPER.id}
    assert await _ids(agent, condition("Favourite flower", "is", "dahlia")) == {
        person.id for person in people if person.custom_fields.get("favouriteFlower") == "Dahlia"
    }
    assert await _ids(agent, condition("favouriteFlower", "is_not_empty"), condition("status", "is", "bounced")) == {
        person.id for person in people if person.custom_fields.get("favouriteFlower") and person.status == "bounced"
    }


async def test_a_segment_goes_by_its_name_or_id(agent: Agent, account: Account) -> None:
    (vip,) = (segment for segment in account.segments.values() if segment.name == "VIP")
    truth = {person.id for person in account.subscribers.values() if vip.id in person.segment_ids}
    assert await _ids(agent, condition("segment", "is", "vip")) == truth
    assert await _ids(agent, condition("segment", "is", vip.id)) == truth
    found = await agent.call(SEARCH, where=[condition("segment", "is_not", "VIP")], limit=1)
    assert found["total_items"] == len(account.subscribers) - len(truth)


async def test_any_of_the_conditions_may_be_enough(agent: Agent, account: Account) -> None:
    truth = {person.id for person in account.subscribers.values() if person.status in {"bounced", "cleaned"}}
    assert await _ids(agent, condition("status", "is", "bounced"), condition("status", "is", "cleaned")) == set()
    where = [condition("status", "is", "bounced"), condition("status", "is", "cleaned")]
    assert await _ids(agent, *where, match="any") == truth
    assert await _ids(agent, condition("status", "is_one_of", "bounced | cleaned")) == truth


async def test_without_conditions_it_is_everybody_the_newest_first(agent: Agent) -> None:
    found = await agent.call(SEARCH, limit=5)
    listed = await agent.call("list_all_flodesk_subscribers", limit=5)
    assert [person["id"] for person in found["result"]] == [person["id"] for person in listed["result"]]
    assert found["result"] == listed["result"]
    assert found["segment_ids"] == listed["segment_ids"]
    assert found["total_items"] == 420


async def test_pages_follow_each_other_while_others_come_and_go(agent: Agent, account: Account) -> None:
    where = [condition("status", "is", "active")]
    truth = {person.id for person in account.subscribers.values() if person.status == "active"}
    page = await agent.call(SEARCH, where=where, limit=50)
    seen = [person["id"] for person in page["result"]]
    gone = seen[0], next(iter(truth - set(seen)))
    while cursor := page.get("next_cursor"):
        await agent.call("create_a_flodesk_subscriber", email=f"new{len(seen)}@example.com")
        for known in gone:
            account.subscribers.pop(known, None)
        page = await agent.call(SEARCH, next_cursor=cursor, refresh=True)
        seen += [person["id"] for person in page["result"]]
    assert len(seen) == len(set(seen))
    assert truth - {gone[1]} <= set(seen) <= truth


async def test_a_cursor_is_refused_when_it_is_damaged_or_used_with_other_conditions(agent: Agent) -> None:
    where = [condition("status", "is", "active")]
    cursor = (await agent.call(SEARCH, where=where, limit=1))["next_cursor"]
    await agent.call(SEARCH, where=where, next_cursor=cursor)
    other = [condition("status", "is", "bounced")]
    assert "another where" in await agent.refused(SEARCH, where=other, next_cursor=cursor)
    assert "another where" in await agent.refused(SEARCH, where=where, match="any", next_cursor=cursor)
    assert "damaged" in await agent.refused(SEARCH, next_cursor=f"{cursor[:-4]}AAAA")
    listed = (await agent.call("list_all_flodesk_subscribers", limit=1))["next_cursor"]
    assert "another tool" in await agent.refused(SEARCH, next_cursor=listed)


@pytest.mark.parametrize(
    ("where", "told"),
    [
        (condition("favorite flowers", "is", "x"), ["Did you mean 'Favourite flower'?", "Wedding date", "last_name"]),
        (condition("emial", "is", "x"), ["Did you mean 'email'?"]),
        (condition("email", "before", "2026-01-01"), ["'email' has no operator 'before'", "contains"]),
        (condition("created_at", "contains", "2026"), ["in_last_days"]),
        (condition("created_at", "after", "yesterday"), ["no date", "2026-05-31"]),
        (condition("created_at", "in_last_days", "many"), ["number of days"]),
        (condition("email", "is"), ["needs a value"]),
        (condition("segment", "is", "Newsleter"), ["'Newsletter' is 6c9d091f92af5971ce63197a"]),
        (condition("email", "like", "x"), ["starts_with"]),
    ],
)
async def test_what_there_is_not_is_refused_with_what_there_is(
    agent: Agent, where: dict[str, str], told: list[str]
) -> None:
    text = await agent.refused(SEARCH, where=[where])
    assert "nothing was sent" in text
    assert all(part in text for part in told), text


async def test_conditions_may_come_as_json_and_blank_ones_not_at_all(agent: Agent) -> None:
    found = await agent.call(SEARCH, where=json.dumps([condition("email", "is", JASPER.email)]), match="", fields=[])
    assert [person["id"] for person in found["result"]] == [JASPER.id]
    assert (await agent.call(SEARCH, where=[], limit=1, next_cursor=""))["total_items"] == 420


async def test_only_the_fields_that_are_named_come(agent: Agent) -> None:
    found = await agent.call(SEARCH, where=[condition("email", "is", JASPER.email)], fields=["status"])
    assert found["result"] == [{"id": JASPER.id, "status": "active"}]


async def test_own_writes_are_found_at_once_and_without_another_reading(agent: Agent) -> None:
    await agent.call(SEARCH, limit=1)
    await agent.call("create_a_flodesk_subscriber", email="mila@example.com", first_name="Mila")
    batch = [{"email": "jo@example.com"}, {"id": JASPER.id, "first_name": "Jas"}]
    await agent.call("create_flodesk_subscribers_in_batch", subscribers=batch, segment_ids=["VIP"])
    await agent.call("unsubscribe_a_flodesk_subscriber", id_or_email="mila@example.com")
    await agent.call("delete_a_flodesk_subscriber_by_id", id_or_email=JASPER.id, segment_ids=["Newsletter"])
    asked = len([sent for sent in agent.sent if sent.path == "/v1/subscribers" and sent.method == "GET"])
    mila = await agent.call(SEARCH, where=[condition("first_name", "is", "mila")], fields=["status"])
    assert [person["status"] for person in mila["result"]] == ["unsubscribed"]
    assert len(await _ids(agent, condition("email", "is", "jo@example.com"))) == 1
    jasper = await agent.call(SEARCH, where=[condition("first_name", "is", "jas")], fields=["segments"])
    (person,) = jasper["result"]
    assert "VIP" in person["segments"]
    assert "Newsletter" not in person["segments"]
    assert asked == len([sent for sent in agent.sent if sent.path == "/v1/subscribers" and sent.method == "GET"])


async def test_a_segment_that_was_deleted_meanwhile_is_said_not_to_be_there(agent: Agent, account: Account) -> None:
    await agent.call(SEARCH, limit=1)
    (vip,) = (segment.id for segment in account.segments.values() if segment.name == "VIP")
    del account.segments[vip]
    for person in account.subscribers.values():
        person.segment_ids = [known for known in person.segment_ids if known != vip]
    for meant in ("VIP", vip):
        text = await agent.refused(SEARCH, where=[condition("segment", "is", meant)])
        assert f"The name {meant!r} does not stand for exactly one segment" in text
        assert "'Newsletter' is 6c9d091f92af5971ce63197a" in text


async def test_a_segment_that_was_just_created_elsewhere_goes_by_its_id(agent: Agent, account: Account) -> None:
    await agent.call(SEARCH, where=[condition("segment", "is", "VIP")])
    account.segments["a" * 24] = replace(next(iter(account.segments.values())), id="a" * 24, name="New")
    assert await _ids(agent, condition("segment", "is", "a" * 24)) == set()


async def test_a_refused_credential_in_the_middle_is_said_and_the_next_call_goes_on(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, toolsets="all") as agent:
        sandbox.fail(Fault("status", status=401))
        text = await agent.refused(SEARCH, limit=1)
        assert "401" in text
        assert "FLODESK_API_KEY" in text
        assert (await agent.call(SEARCH, limit=1))["total_items"] == 420


async def test_a_page_that_would_be_too_large_ends_earlier_with_a_cursor(era: str, sandbox: Sandbox) -> None:
    account = next(iter(sandbox.accounts.values()))
    account.custom_fields.update({f"f{number}": account.custom_fields["birthday"] for number in range(8)})
    for person in account.subscribers.values():
        person.custom_fields = {f"f{number}": "x" * 60 for number in range(8)}
    async with connected(era, sandbox, toolsets="all") as agent:
        page, seen = await agent.call(SEARCH, limit=100), []
        assert len(to_json(page)) < 80_000
        assert len(page["result"]) < 100
        while True:
            seen += [person["id"] for person in page["result"]]
            if not (cursor := page.get("next_cursor")):
                break
            page = await agent.call(SEARCH, next_cursor=cursor)
        assert len(seen) == len(set(seen)) == 420


class TestMasked:
    """Personal data is masked."""

    @pytest.fixture
    async def agent(self, era: str, sandbox: Sandbox) -> Any:
        async with connected(era, sandbox, toolsets="all", personal_data="masked") as agent:
            yield agent

    async def test_results_tell_nobody(self, agent: Agent) -> None:
        found = await agent.call(SEARCH, where=[condition("status", "is", "active")], limit=100)
        text = json.dumps(found, ensure_ascii=False)
        for person in agent.account.subscribers.values():
            assert person.email not in text
            assert not person.last_name or f'"{person.last_name}"' not in text

    @pytest.mark.parametrize(
        "field", ["email", "first_name", "last_name", "Birthday", "favouriteFlower", "E-mail", "x"]
    )
    async def test_nobody_is_told_by_conditions_one_letter_at_a_time(self, agent: Agent, field: str) -> None:
        for operator in ("contains", "starts_with", "is_empty", "is_not"):
            text = await agent.refused(
                SEARCH, where=[condition("status", "is", "active"), condition(field, operator, "j")]
            )
            assert "masked" in text
        assert not agent.sent

    async def test_a_cursor_does_not_carry_such_a_condition_in(self, agent: Agent) -> None:
        cursor = sealed(["search_subscribers", 1, 2**62, "z", [["email", "contains", "j"]], "all"])
        assert "masked" in await agent.refused(SEARCH, next_cursor=cursor)

    async def test_what_tells_nobody_is_searched(self, agent: Agent) -> None:
        where = [condition("segment", "is", "VIP"), condition("created_at", "after", "2020-01-01")]
        assert (await agent.call(SEARCH, where=where))["total_items"] > 0
