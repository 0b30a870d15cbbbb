"""What each operation sends, and what it makes of the answer."""

from collections.abc import Awaitable, Callable
from functools import cached_property

import httpx2
import pytest

from flodesk_mcp import flodesk as package
from flodesk_mcp.flodesk import (
    ApiKey,
    BadRequest,
    FlodeskClient,
    InvalidArgument,
    NotFound,
    Page,
    Subscriber,
    Unauthorized,
)
from flodesk_mcp.sandbox import SANDBOX_API_KEY, Account, Sandbox
from flodesk_mcp.sandbox.app import OPERATIONS as SERVED

from .operations import COLOR, OPERATIONS, PERSON, WEBHOOK, Operation

pytestmark = pytest.mark.anyio


def test_the_exported_names_are_pinned() -> None:
    assert package.__all__ == [
        "BASE_URL",
        "AccountSummary",
        "ApiKey",
        "BadRequest",
        "BatchFailure",
        "BatchResult",
        "BearerToken",
        "BrokenAnswer",
        "Campaign",
        "CampaignDraft",
        "CanvaDesign",
        "Conflict",
        "Credential",
        "CustomField",
        "FlodeskClient",
        "FlodeskError",
        "Forbidden",
        "InvalidArgument",
        "NoAnswer",
        "NoCredential",
        "NotFound",
        "NotRenewed",
        "Page",
        "PartlyDone",
        "Personal",
        "Profile",
        "QuotaExhausted",
        "QuotaNotKnown",
        "Segment",
        "SegmentRef",
        "ServerError",
        "SignInAgain",
        "StatusError",
        "Subscriber",
        "TooManyRequests",
        "Unauthorized",
        "UnknownCustomField",
        "UnknownName",
        "UnreadableAnswer",
        "Webhook",
        "Workflow",
        "identity_of",
        "open_http",
        "wait_deadline",
    ]
    assert all(hasattr(package, name) for name in package.__all__)


async def test_the_client_has_every_operation_of_the_api_and_nothing_else(flodesk: FlodeskClient) -> None:
    names = [name for name, value in vars(FlodeskClient).items() if isinstance(value, cached_property)]
    resources = {name: getattr(flodesk, name) for name in names}
    methods = {
        f"{name}.{method}"
        for name, resource in resources.items()
        for method in dir(resource)
        if not method.startswith("_")
    }
    assert methods - {operation.name for operation in OPERATIONS} == {
        "account.summary",
        "campaigns.every",
        "custom_fields.keys_of",
        "custom_fields.known",
        "custom_fields.labels",
        "custom_fields.resolve",
        "segments.every",
        "segments.names",
        "subscribers.every",
        "subscribers.list_plain",
        "subscribers.listener",
        "subscribers.not_cleared",
        "subscribers.status_of",
        "webhooks.every",
        "webhooks.ids_of",
        "workflows.every",
        "workflows.names",
    }
    assert len(OPERATIONS) == len(SERVED) == 27


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_an_operation_sends_what_flodesk_documents(
    operation: Operation, flodesk: FlodeskClient, account: Account, sandbox: Sandbox
) -> None:
    answer = await operation.call(flodesk)
    (arrived,) = sandbox.requests
    assert (arrived.method, arrived.path, arrived.query, arrived.body) == (
        operation.method,
        operation.path,
        operation.query,
        operation.body,
    )
    assert answer is None if operation.kind is None else isinstance(answer, operation.kind)
    assert arrived.status is not None
    assert arrived.status < 300


async def test_answers_are_typed(flodesk: FlodeskClient) -> None:
    page = await flodesk.subscribers.list(per_page=2, status="active")
    assert page.meta.total_items == 357
    assert [type(row) for row in page.data] == [Subscriber, Subscriber]
    person = await flodesk.subscribers.get(PERSON.id)
    assert (person.email, person.status) == (PERSON.email, "active")
    assert [segment.id for segment in person.segments or []] == PERSON.segment_ids
    campaigns = await flodesk.campaigns.list()
    assert isinstance(campaigns, Page)
    assert campaigns.meta.total_items is None
    assert (await flodesk.segments.colors())[1] == COLOR
    assert (await flodesk.account.profile()).email == "rowan@example.com"


async def test_a_batch_reports_the_rows_that_failed(flodesk: FlodeskClient) -> None:
    result = await flodesk.subscribers.save_batch([{"email": "a@example.com"}, {"email": "nonsense"}])
    assert [person.email for person in result.successes] == ["a@example.com"]
    assert [(row.index, row.email) for row in result.failures] == [(1, "nonsense")]


async def test_a_segment_without_a_color_takes_the_first_of_the_palette(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    assert (await flodesk.segments.create("Autumn")).color == sandbox.requests[1].body["color"] == "#F2C9C0"


async def test_a_segment_without_a_color_is_tried_when_the_palette_is_empty(
    flodesk: FlodeskClient, account: Account, sandbox: Sandbox
) -> None:
    account.palette = ()
    with pytest.raises(BadRequest):
        await flodesk.segments.create("Autumn")
    assert sandbox.requests[1].body == {"name": "Autumn"}


async def test_unknown_ids_are_not_found(flodesk: FlodeskClient) -> None:
    with pytest.raises(NotFound) as missing:
        await flodesk.webhooks.get("nothing")
    assert (missing.value.status, missing.value.message) == (404, "Webhook not found.")
    assert str(missing.value) == "Flodesk answered 404. Its words: 'Webhook not found.'"


async def test_a_key_cannot_read_the_profile(http: httpx2.AsyncClient) -> None:
    with pytest.raises(Unauthorized):
        await FlodeskClient(ApiKey(SANDBOX_API_KEY), http=http).account.profile()


@pytest.mark.parametrize(
    "call",
    [
        lambda f: f.webhooks.update(WEBHOOK),
        lambda f: f.subscribers.save(first_name="Nobody"),
        lambda f: f.subscribers.save(email="", id=""),
        lambda f: f.workflows.enroll("w"),
        lambda f: f.subscribers.save_batch([]),
        lambda f: f.subscribers.save_batch([{"email": "a@example.com"}] * 51),
        lambda f: f.segments.create("\ud800", COLOR),
        lambda f: f.subscribers.save_batch([{"email": "a@example.com", "first_name": float("nan")}]),
        lambda f: f.subscribers.save_batch([{"email": "a@example.com", "first_name": b"bytes"}]),
        lambda f: f.subscribers.list(segment_id="\ud800"),
        lambda f: f.campaigns.list(search="x" * 100_000),
        lambda f: f.segments.get("colors"),
        lambda f: f.segments.get("Colors "),
    ],
)
async def test_what_cannot_be_meant_is_refused_before_any_request(
    call: Callable[[FlodeskClient], Awaitable[object]], flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await call(flodesk)
    assert str(refused.value)
    assert not sandbox.requests


async def test_an_empty_list_of_events_is_not_dropped(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    with pytest.raises(BadRequest):
        await flodesk.webhooks.update(WEBHOOK, name="x", events=[])
    assert sandbox.requests[0].body == {"name": "x", "events": []}


async def test_rows_that_cannot_be_sent_are_failures_beside_those_that_can(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    rows = [{"first_name": "Nobody"}, {"email": "a@example.com"}, {"email": "b@example.com", "frist_name": "Typo"}]
    result = await flodesk.subscribers.save_batch(rows)
    assert [(row.index, row.code, row.email) for row in result.failures] == [
        (0, "not_sent", None),
        (2, "not_sent", "b@example.com"),
    ]
    assert [person.email for person in result.successes] == ["a@example.com"]
    assert sandbox.requests[-1].body == {"subscribers": [{"email": "a@example.com"}]}
