"""The client of FlowNurture against its stand-in: what its page says, and what it leaves open."""

from collections.abc import AsyncIterator

import anyio
import pytest

from flodesk_mcp.flodesk import (
    BadRequest,
    BearerToken,
    BrokenAnswer,
    Conflict,
    Forbidden,
    NoAnswer,
    NotFound,
    QuotaExhausted,
    ServerError,
    Unauthorized,
    UnreadableAnswer,
    open_http,
)
from flodesk_mcp.flownurture import FlowNurtureClient
from flodesk_mcp.sandbox import Fault, Sandbox
from flodesk_mcp.sandbox.flownurture import FLOWNURTURE_API_KEY, FlowNurture
from flodesk_mcp.sandbox.stand_in import StandIn

pytestmark = pytest.mark.anyio

JASPER = "j.quill@example.org"


@pytest.fixture
def stand_in() -> StandIn[FlowNurture]:
    return Sandbox().flownurture


@pytest.fixture
def account(stand_in: StandIn[FlowNurture]) -> FlowNurture:
    return stand_in.account


@pytest.fixture
async def client(stand_in: StandIn[FlowNurture]) -> AsyncIterator[FlowNurtureClient]:
    async with open_http(stand_in.transport()) as http:
        yield FlowNurtureClient(BearerToken(FLOWNURTURE_API_KEY), http=http)


async def test_pages_are_bare_lists_and_the_one_beyond_the_last_is_empty(client: FlowNurtureClient) -> None:
    first, second, beyond = [await client.contacts.list(page=page, limit=30) for page in (1, 2, 3)]
    assert (len(first), len(second), beyond) == (30, 12, [])
    assert not {contact.id for contact in first} & {contact.id for contact in second}


async def test_a_page_beyond_the_last_may_as_well_be_a_404(
    client: FlowNurtureClient, stand_in: StandIn[FlowNurture]
) -> None:
    stand_in.fail(Fault("status", status=404))
    assert await client.contacts.list(page=9) == []
    stand_in.fail(Fault("status", status=404))
    with pytest.raises(NotFound):
        await client.contacts.list(page=1)


@pytest.mark.parametrize("wraps", [False, True])
async def test_one_contact_is_read_wrapped_or_bare(
    client: FlowNurtureClient, account: FlowNurture, wraps: bool
) -> None:
    account.wraps = wraps
    found = await client.contacts.find(JASPER.upper())
    assert found is not None
    whole = await client.contacts.get(found.id)
    assert (whole.email, whole.first_name, whole.job_title) == (JASPER, "Jasper", "Florist")


async def test_who_is_there_is_changed_and_not_made_again(
    client: FlowNurtureClient, account: FlowNurture, stand_in: StandIn[FlowNurture]
) -> None:
    before = len(account.contacts)
    saved, is_new = await client.contacts.save(JASPER, {"company": "Quill & Co"})
    assert (saved.company, saved.first_name, is_new, len(account.contacts)) == ("Quill & Co", "Jasper", False, before)
    assert [(sent.method, sent.status) for sent in stand_in.requests] == [("POST", 409), ("GET", 200), ("PATCH", 200)]


async def test_a_new_contact_whose_answer_is_lost_is_there_once(
    client: FlowNurtureClient, account: FlowNurture, stand_in: StandIn[FlowNurture]
) -> None:
    stand_in.fail(Fault("drop_after", method="POST"))
    saved, _ = await client.contacts.save("new@example.com", {"firstName": "New"})
    assert saved.first_name == "New"
    assert [row["email"] for row in account.contacts.values()].count("new@example.com") == 1


async def test_a_conflict_with_somebody_who_cannot_be_found_is_told(
    client: FlowNurtureClient, stand_in: StandIn[FlowNurture]
) -> None:
    stand_in.fail(Fault("status", status=200, body="[]", method="GET"))
    with pytest.raises(Conflict, match="FlowNurture answered 409"):
        await client.contacts.save(JASPER, {"company": "Quill & Co"})


async def test_a_tag_is_given_by_its_id_and_again_changes_nothing(
    client: FlowNurtureClient, account: FlowNurture
) -> None:
    known, tag = next(iter(account.contacts)), next(iter(account.tags))
    await client.contacts.add_tag(known, tag)
    await client.contacts.add_tag(known, tag)
    assert account.tagged == {(known, tag)}
    await client.contacts.remove_tag(known, tag)
    assert not account.tagged


async def test_an_enrollment_in_doubt_is_not_repeated(
    client: FlowNurtureClient, account: FlowNurture, stand_in: StandIn[FlowNurture]
) -> None:
    workflow = next(row["id"] for row in account.workflows.values() if row["name"] == "Welcome")
    stand_in.fail(Fault("drop_after"))
    with pytest.raises(NoAnswer) as lost:
        await client.workflows.enroll(workflow, next(iter(account.contacts)))
    assert lost.value.uncertain
    assert len(stand_in.requests) == len(account.enrolled) == 1
    with pytest.raises(BadRequest, match="already enrolled"):
        await client.workflows.enroll(workflow, next(iter(account.contacts)))


async def test_a_workflow_shows_its_steps_and_a_list_their_number(
    client: FlowNurtureClient, account: FlowNurture
) -> None:
    listed = (await client.workflows.all())[0]
    whole = await client.workflows.get(listed.id)
    assert (listed.step_count, listed.enrollment_count, listed.steps) == (1, 0, None)
    assert whole.steps is not None
    assert [(step.type, step.delay_amount, step.delay_unit) for step in whole.steps] == [("EMAIL", 2, "DAYS")]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("status", status=400), BadRequest),
        (Fault("status", status=401), Unauthorized),
        (Fault("status", status=403), Forbidden),
        (Fault("status", status=404), NotFound),
        (Fault("status", status=409), Conflict),
        (Fault("status", status=422), BadRequest),
        (Fault("status", status=500, times=9), ServerError),
        (Fault("html", times=9), ServerError),
        (Fault("status", status=200, body="<html>", times=9), BrokenAnswer),
        (Fault("status", status=200, body='{"no": "contact"}'), UnreadableAnswer),
        (Fault("status", status=200, body=""), UnreadableAnswer),
        (Fault("refuse", times=9), NoAnswer),
    ],
)
async def test_what_goes_wrong_is_an_error_of_the_one_tree(
    client: FlowNurtureClient, stand_in: StandIn[FlowNurture], fault: Fault, kind: type[Exception]
) -> None:
    stand_in.fail(fault)
    with pytest.raises(kind) as error:
        await client.contacts.get("c1")
    assert getattr(error.value, "service", None) == "FlowNurture"


async def test_a_wrong_key_is_told_as_such(stand_in: StandIn[FlowNurture]) -> None:
    async with open_http(stand_in.transport()) as http:
        with pytest.raises(Unauthorized, match="FlowNurture answered 401"):
            await FlowNurtureClient(BearerToken("fn_wrong"), http=http).contacts.list()


async def test_a_missing_scope_is_a_403(client: FlowNurtureClient, account: FlowNurture) -> None:
    account.scopes.remove("contacts:write")
    with pytest.raises(Forbidden, match="missing the scope contacts:write"):
        await client.contacts.save("new@example.com", {})


@pytest.mark.parametrize("retry_after", [None, 7])
async def test_a_429_is_waited_out_with_and_without_a_retry_after(
    client: FlowNurtureClient, stand_in: StandIn[FlowNurture], retry_after: int | None
) -> None:
    stand_in.fail(Fault("status", status=429, retry_after=retry_after))
    began = anyio.current_time()
    await client.contacts.list()
    assert [sent.status for sent in stand_in.requests] == [429, 200]
    if retry_after:
        assert 7 <= anyio.current_time() - began < 8


async def test_never_more_than_sixty_requests_leave_in_a_minute(stand_in: StandIn[FlowNurture]) -> None:
    async with open_http(stand_in.transport()) as http:
        client = FlowNurtureClient(BearerToken(FLOWNURTURE_API_KEY), http=http, max_wait_seconds=300)
        for _ in range(130):
            await client.contacts.list(limit=1)
    assert {sent.status for sent in stand_in.requests} == {200}
    times = [sent.at for sent in stand_in.requests]
    assert all(later - earlier > 60 for earlier, later in zip(times, times[60:], strict=False))


async def test_a_quota_that_is_spent_for_too_long_says_for_how_long(stand_in: StandIn[FlowNurture]) -> None:
    async with open_http(stand_in.transport()) as http:
        client = FlowNurtureClient(BearerToken(FLOWNURTURE_API_KEY), http=http, max_wait_seconds=5)
        for _ in range(60):
            await client.contacts.list(limit=1)
        with pytest.raises(QuotaExhausted, match="this FlowNurture account is spent; try again in 6"):
            await client.contacts.list(limit=1)
