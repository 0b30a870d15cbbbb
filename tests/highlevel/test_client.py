"""The client of HighLevel against its stand-in, above all where HighLevel is otherwise than one would think."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from flodesk_mcp.flodesk import BadRequest, BearerToken, Conflict, Forbidden, NotFound, Unauthorized, open_http
from flodesk_mcp.highlevel import DuplicateContact, HighLevelClient, MissingScope, WrongLocation
from flodesk_mcp.sandbox import Fault, Sandbox
from flodesk_mcp.sandbox.highlevel import HIGHLEVEL_LOCATION_ID, HIGHLEVEL_TOKEN, HighLevel
from flodesk_mcp.sandbox.stand_in import StandIn

pytestmark = pytest.mark.anyio

JASPER = "j.quill@example.org"


@pytest.fixture
def stand_in() -> StandIn[HighLevel]:
    return Sandbox().highlevel


@pytest.fixture
def account(stand_in: StandIn[HighLevel]) -> HighLevel:
    return stand_in.account


@pytest.fixture
async def client(stand_in: StandIn[HighLevel]) -> AsyncIterator[HighLevelClient]:
    async with open_http(stand_in.transport()) as http:
        yield client_of(http)


def client_of(http: Any, location: str = HIGHLEVEL_LOCATION_ID, **chosen: Any) -> HighLevelClient:
    return HighLevelClient(BearerToken(HIGHLEVEL_TOKEN), location, http=http, **chosen)


async def test_the_version_goes_with_every_request(client: HighLevelClient, stand_in: StandIn[HighLevel]) -> None:
    await client.location.tags()
    await client.contacts.search()
    assert [sent.headers["version"] for sent in stand_in.requests] == ["2021-07-28", "2021-07-28"]


async def test_another_version_is_a_setting_and_has_its_own_spelling(
    stand_in: StandIn[HighLevel], account: HighLevel
) -> None:
    field = next(iter(account.custom_fields))
    async with open_http(stand_in.transport()) as http:
        saved, _ = await client_of(http, version="v3").contacts.save(JASPER, {}, {field: "Rose"})
    assert stand_in.requests[0].headers["version"] == "v3"
    assert stand_in.requests[0].body["customFields"] == [{"id": field, "fieldValue": "Rose"}]
    assert [(value.id, value.value) for value in saved.custom_fields or []] == [(field, "Rose")]


async def test_saving_somebody_leaves_their_tags(client: HighLevelClient, account: HighLevel) -> None:
    before = account.with_value("email", JASPER)
    assert before is not None
    assert before["tags"] == ["wedding"]
    saved, is_new = await client.contacts.save(JASPER, {"firstName": "Jay", "companyName": "Quill", "phone": "+1"})
    assert (saved.first_name, saved.company_name, saved.phone, saved.tags, is_new) == (
        "Jay",
        "Quill",
        "+1",
        ["wedding"],
        False,
    )


async def test_no_contact_is_ever_sent_with_tags(client: HighLevelClient, stand_in: StandIn[HighLevel]) -> None:
    await client.contacts.save(JASPER, {"firstName": "Jay"})
    await client.contacts.save("new@example.com", {"phone": "+15"})
    written = [sent for sent in stand_in.requests if sent.path in {"/contacts/", "/contacts/upsert"}]
    assert len(written) == 2
    assert not [sent for sent in written if "tags" in sent.body]


async def test_tags_are_added_and_taken_away_by_name_with_a_body_on_delete(
    client: HighLevelClient, account: HighLevel, stand_in: StandIn[HighLevel]
) -> None:
    known = (account.with_value("email", JASPER) or {})["id"]
    assert await client.contacts.add_tags(known, ["VIP"]) == ["wedding", "vip"]
    assert await client.contacts.remove_tags(known, ["wedding"]) == ["vip"]
    assert [(sent.method, sent.body) for sent in stand_in.requests] == [
        ("POST", {"tags": ["VIP"]}),
        ("DELETE", {"tags": ["wedding"]}),
    ]


async def test_nobody_is_changed_who_only_has_the_same_phone_number(
    client: HighLevelClient, account: HighLevel
) -> None:
    jasper = account.with_value("email", JASPER) or {}
    before = dict(jasper)
    with pytest.raises(DuplicateContact) as refused:
        await client.contacts.save("sister@example.com", {"firstName": "June", "phone": jasper["phone"]})
    assert (refused.value.contact_id, refused.value.matching_field, refused.value.status) == (
        jasper["id"],
        "phone",
        400,
    )
    assert account.contacts[jasper["id"]] == before


async def test_who_was_made_a_moment_ago_is_changed(
    client: HighLevelClient, account: HighLevel, stand_in: StandIn[HighLevel]
) -> None:
    stand_in.fail(Fault("status", status=200, body='{"contact": null}', method="GET"))
    saved, is_new = await client.contacts.save(JASPER, {"phone": "+15550001111"})
    assert (saved.phone, is_new) == ("+15550001111", False)
    assert isinstance(saved.email, str)
    assert [row["email"] for row in account.contacts.values()].count(JASPER) == 1


async def test_not_found_is_a_400_there(client: HighLevelClient) -> None:
    with pytest.raises(NotFound, match="HighLevel answered 400"):
        await client.contacts.get("nobody")


async def test_another_400_is_none(client: HighLevelClient, stand_in: StandIn[HighLevel]) -> None:
    stand_in.fail(Fault("status", status=400, body='{"statusCode": 400, "message": "Invalid phone"}'))
    with pytest.raises(BadRequest, match="Invalid phone") as error:
        await client.contacts.get("nobody")
    assert not isinstance(error.value, NotFound | Conflict)


async def test_a_missing_scope_is_a_401_there_and_the_token_is_right(
    client: HighLevelClient, account: HighLevel
) -> None:
    account.scopes.remove("contacts.readonly")
    with pytest.raises(MissingScope, match="HighLevel answered 401") as error:
        await client.contacts.search()
    assert isinstance(error.value, Forbidden)
    assert "Private Integrations" in error.value.advice


async def test_a_wrong_token_is_a_401_as_well(stand_in: StandIn[HighLevel]) -> None:
    async with open_http(stand_in.transport()) as http:
        with pytest.raises(Unauthorized):
            await HighLevelClient(BearerToken("pit-wrong"), HIGHLEVEL_LOCATION_ID, http=http).location.tags()


async def test_a_wrong_location_is_a_403_that_names_the_setting(stand_in: StandIn[HighLevel]) -> None:
    async with open_http(stand_in.transport()) as http:
        with pytest.raises(WrongLocation) as error:
            await client_of(http, "elsewhere").contacts.search()
    assert "HIGHLEVEL_LOCATION_ID" in error.value.advice


async def test_several_messages_of_a_422_are_one(client: HighLevelClient, stand_in: StandIn[HighLevel]) -> None:
    stand_in.fail(Fault("status", status=422, body='{"message": ["a must be b", "c must be d"]}'))
    with pytest.raises(BadRequest, match="a must be b; c must be d"):
        await client.contacts.search()


async def test_a_search_is_seconds_behind_what_was_written(client: HighLevelClient) -> None:
    await client.contacts.save("new@example.com", {"firstName": "Newcomer"})
    assert (await client.contacts.search(query="newcomer")).contacts == []
    assert await client.contacts.find("new@example.com")
    await anyio.sleep(3)
    assert [row.email for row in (await client.contacts.search(query="newcomer")).contacts] == ["new@example.com"]


async def test_a_page_goes_on_after_a_contact_and_never_by_number_as_well(
    client: HighLevelClient, stand_in: StandIn[HighLevel], account: HighLevel
) -> None:
    first = await client.contacts.search(limit=10)
    second = await client.contacts.search(limit=10, page=2, after=first.contacts[-1].search_after)
    assert [row.id for row in [*first.contacts, *second.contacts]] == list(account.contacts)[:20]
    assert "page" not in stand_in.requests[1].body
    assert stand_in.requests[1].body["searchAfter"] == [0, list(account.contacts)[9]]


async def test_a_search_that_finds_nobody_is_an_empty_page(client: HighLevelClient) -> None:
    page = await client.contacts.search(query="nobody at all")
    assert (page.contacts, page.total) == ([], 0)


async def test_two_of_the_social_planners_questions_are_put_by_post_and_may_be_repeated(
    client: HighLevelClient, stand_in: StandIn[HighLevel]
) -> None:
    tags = (await client.social.tags(search="bou")).tags
    stand_in.fail(Fault("drop_after", method="POST", times=2))
    assert [tag.tag for tag in (await client.social.tag_details([tags[0].id])).tags] == ["bouquets"]
    statistics = await client.social.statistics(["p1"], ["instagram"])
    assert statistics.day_range is not None
    assert (len(statistics.day_range), (statistics.totals or {})["likes"]) == (7, 120)


async def test_never_more_than_a_hundred_requests_leave_in_ten_seconds(stand_in: StandIn[HighLevel]) -> None:
    async with open_http(stand_in.transport()) as http:
        client = client_of(http, max_wait_seconds=600)
        async with anyio.create_task_group() as tasks:
            for _ in range(250):
                tasks.start_soon(client.location.tags)
    assert {sent.status for sent in stand_in.requests} == {200}
    times = sorted(sent.at for sent in stand_in.requests)
    assert all(later - earlier > 10 for earlier, later in zip(times, times[100:], strict=False))
    assert times[-1] < 25


@pytest.mark.parametrize("retry_after", [None, 4])
async def test_a_429_is_waited_out_with_and_without_a_retry_after(
    client: HighLevelClient, stand_in: StandIn[HighLevel], retry_after: int | None
) -> None:
    stand_in.fail(Fault("status", status=429, retry_after=retry_after))
    assert await client.location.tags()
    assert [sent.status for sent in stand_in.requests] == [429, 200]


async def test_an_enrollment_is_never_repeated_in_doubt(
    client: HighLevelClient, stand_in: StandIn[HighLevel], account: HighLevel
) -> None:
    stand_in.fail(Fault("status", status=503))
    with pytest.raises(Exception, match="HighLevel answered 503"):
        await client.contacts.enroll(next(iter(account.contacts)), next(iter(account.workflows)))
    assert len(stand_in.requests) == 1


async def test_a_user_comes_bare(client: HighLevelClient, account: HighLevel) -> None:
    user = await client.location.user(next(iter(account.users)))
    assert user.name == "Rowan Ashdown"
    assert user.roles is not None
    assert user.roles.location_ids == [HIGHLEVEL_LOCATION_ID]
