"""What answers cost, what they still hold, and where they end."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from mcp_types import CallToolResult, TextContent

from flodesk_mcp.sandbox import SANDBOX_API_KEY, Account, Sandbox, sample_account
from flodesk_mcp.sandbox.account import CustomField, Segment, Subscriber

from .agent import Agent, connected

pytestmark = pytest.mark.anyio

SUBSCRIBERS = "list_all_flodesk_subscribers"
PAGE_BYTES = 80_000
LONG = 'Peony "Bowl of Beauty" \\ ❀ ' * 9
MODERN = "2026-07-28"


async def flodesk_rows(sandbox: Sandbox, page: int) -> list[dict[str, Any]]:
    """Return a default page as Flodesk itself answers."""
    async with httpx2.AsyncClient(transport=sandbox.transport(), auth=(SANDBOX_API_KEY, "")) as http:
        answer = await http.get("https://api.flodesk.com/v1/subscribers", params={"page": page})
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


def text_bytes(answer: CallToolResult) -> int:
    """Return the size of what a model reads."""
    (block,) = answer.content
    assert isinstance(block, TextContent)
    return len(block.text.encode())


def compact_bytes(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def without_nothing(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value not in (None, "", [], {})}


def rebuilt(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return Flodesk's rows, less what is null or empty, from an answer of ours alone."""
    rows: list[dict[str, Any]] = deepcopy(answer["result"])
    for row in rows:
        for place, label in enumerate(row.get("segments", [])):
            segment_id = answer["segment_ids"][label]
            row["segments"][place] = {"id": segment_id, "name": label.removesuffix(f" ({segment_id})")}
    return rows


async def pages(agent: Agent, **arguments: Any) -> list[CallToolResult]:
    """Walk all pages of subscribers."""
    answers = [await agent.answer(SUBSCRIBERS, **arguments)]
    while cursor := answers[-1].structured_content.get("next_cursor"):
        answers.append(await agent.answer(SUBSCRIBERS, **arguments | {"next_cursor": cursor}))
    return answers


async def test_no_page_loses_a_value(agent: Agent) -> None:
    answers = await pages(agent)
    assert len(answers) == 21
    for page, answer in enumerate(answers, start=1):
        rows = await flodesk_rows(Sandbox(), page)
        assert rebuilt(answer.structured_content) == [without_nothing(row) for row in rows]


async def test_a_default_page_costs_at_most_80_percent_of_flodesks_own_rows(agent: Agent) -> None:
    answers = await pages(agent)
    sizes = [compact_bytes(await flodesk_rows(Sandbox(), page)) for page in range(1, len(answers) + 1)]
    assert text_bytes(answers[0]) <= 0.8 * sizes[0]
    # People differ: a page of such as gave all their data has less to leave out, and costs up to 84 percent.
    assert sum(map(text_bytes, answers)) <= 0.8 * sum(sizes)
    assert all(text_bytes(answer) <= 0.84 * size for answer, size in zip(answers, sizes, strict=True))


async def test_email_and_status_cost_at_most_35_percent_of_flodesks_own_rows(agent: Agent) -> None:
    for page, answer in enumerate(await pages(agent, fields=["email", "status"]), start=1):
        assert text_bytes(answer) <= 0.35 * compact_bytes(await flodesk_rows(Sandbox(), page))


async def test_segments_of_one_name_are_told_apart() -> None:
    account = sample_account()
    newest = list(account.subscribers.values())[-1]
    vip = next(segment for segment in account.segments.values() if segment.name == "VIP")
    twin = Segment(account.new_id("segment"), "VIP", vip.color, vip.created_at)
    account.segments[twin.id] = twin
    newest.segment_ids = [vip.id, twin.id]
    sandbox = Sandbox({SANDBOX_API_KEY: account})
    async with connected(MODERN, sandbox) as agent:
        answer = await agent.call(SUBSCRIBERS)
        assert answer["result"][0]["segments"] == [f"VIP ({vip.id})", f"VIP ({twin.id})"]
        assert rebuilt(answer) == [without_nothing(row) for row in await flodesk_rows(sandbox, 1)]


def fat_account(people: int, fields: int) -> Account:
    """Return an account whose people have every one of many custom fields, each as long as Flodesk allows."""
    account = sample_account()
    account.custom_fields = {f"field{number}": CustomField(f"field{number}", LONG) for number in range(fields)}
    opened = next(iter(account.segments.values())).created_at
    account.subscribers = {}
    for number in range(people):
        person = Subscriber(account.new_id("fat"), f"fat{number}@example.com", opened + timedelta(days=number))
        person.custom_fields = dict.fromkeys(account.custom_fields, LONG[:256])
        person.segment_ids = list(account.segments)
        account.subscribers[person.id] = person
    return account


def wire_bytes(answer: CallToolResult) -> int:
    return len(answer.model_dump_json(by_alias=True, exclude_none=True).encode())


@pytest.mark.parametrize("limit", [100, 60, 7, 1])
async def test_pages_of_fat_rows_end_early_and_hold_every_row_once(era: str, limit: int) -> None:
    sandbox = Sandbox({SANDBOX_API_KEY: fat_account(people=100, fields=20)}, requests_per_minute=1_000)
    async with connected(era, sandbox, requests_per_minute=1_000) as agent:
        answers = await pages(agent, limit=limit, status="active")
    assert max(wire_bytes(answer) for answer in answers) <= PAGE_BYTES
    assert [person["email"] for answer in answers for person in answer.structured_content["result"]] == [
        f"fat{number}@example.com" for number in reversed(range(100))
    ]
    assert {answer.structured_content["total_items"] for answer in answers} == {100}
    assert len(answers) > 100 / limit or limit < 10


async def test_a_page_that_ends_early_loses_no_value() -> None:
    account = fat_account(people=12, fields=20)
    sandbox = Sandbox({SANDBOX_API_KEY: account})
    async with connected(MODERN, sandbox) as agent:
        answers = await pages(agent)
    assert len(answers) > 1
    rows = await flodesk_rows(Sandbox({SANDBOX_API_KEY: account}), 1)
    assert [row for answer in answers for row in rebuilt(answer.structured_content)] == [
        without_nothing(row) for row in rows
    ]


async def test_a_list_of_custom_fields_that_is_too_long_tells_how_many_there_are() -> None:
    sandbox = Sandbox({SANDBOX_API_KEY: fat_account(people=1, fields=400)})
    async with connected(MODERN, sandbox) as agent:
        answer = await agent.answer("list_all_flodesk_custom_fields")
    assert wire_bytes(answer) <= PAGE_BYTES
    listed = answer.structured_content["result"]
    assert answer.structured_content["total_items"] == 400 > len(listed)
    assert [field["key"] for field in listed] == [f"field{number}" for number in range(len(listed))]


def fat_calls() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield calls whose answers hold a single person."""
    email = "fat0@example.com"
    yield "get_single_flodesk_subscriber_by_id", {"id_or_email": email}
    yield "get_single_flodesk_subscriber_by_id", {"id_or_email": email, "fields": ["custom_fields"]}
    yield "create_a_flodesk_subscriber", {"email": email, "first_name": "Fat"}
    yield "delete_a_flodesk_subscriber_by_id", {"id_or_email": email, "segment_ids": ["VIP"]}
    yield SUBSCRIBERS, {}


@pytest.mark.parametrize(("tool", "arguments"), list(fat_calls()))
async def test_a_person_with_too_much_is_cut_and_says_so(era: str, tool: str, arguments: dict[str, Any]) -> None:
    sandbox = Sandbox({SANDBOX_API_KEY: fat_account(people=2, fields=400)})
    async with connected(era, sandbox) as agent:
        answer = await agent.answer(tool, **arguments)
    assert not answer.is_error
    assert wire_bytes(answer) <= PAGE_BYTES
    assert answer.structured_content["shortened"] == (
        "Too large: texts are cut to 256 characters, lists and maps to 100 entries."
    )
    (person,) = answer.structured_content.get("result", [answer.structured_content])
    assert len(person["custom_fields"]) == 100


async def test_a_list_goes_on_behind_a_person_with_too_much() -> None:
    sandbox = Sandbox({SANDBOX_API_KEY: fat_account(people=3, fields=400)})
    async with connected(MODERN, sandbox) as agent:
        answers = await pages(agent)
    assert [person["email"] for answer in answers for person in answer.structured_content["result"]] == [
        "fat2@example.com",
        "fat1@example.com",
        "fat0@example.com",
    ]


async def test_one_text_without_end_is_cut() -> None:
    account = sample_account()
    (vip,) = [segment for segment in account.segments.values() if segment.name == "VIP"]
    vip.name = "V" * 200_000
    async with connected(MODERN, Sandbox({SANDBOX_API_KEY: account})) as agent:
        answer = await agent.answer("get_single_flodesk_segment_by_id", id=vip.id)
    assert wire_bytes(answer) <= PAGE_BYTES
    assert answer.structured_content["name"] == "V" * 9_999 + "…"


async def test_what_is_not_too_large_is_never_cut(agent: Agent) -> None:
    answers = await pages(agent, limit=100)
    assert not [answer for answer in answers if "shortened" in answer.structured_content]
