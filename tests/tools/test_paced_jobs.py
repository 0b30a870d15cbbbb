"""Calls of people come first: beside an export they hardly wait, and alone it uses what the quota allows."""

from datetime import datetime

import anyio
import pytest

from flodesk_mcp.sandbox import Account, Sandbox

from .agent import connected

pytestmark = pytest.mark.anyio
EXPORT = "export_flodesk_subscribers"
PEOPLE = 9_000


@pytest.fixture
def account(sandbox: Sandbox, account: Account) -> Account:
    """An account that takes more than a minute to read."""
    one = next(iter(account.subscribers.values()))
    plain = vars(one) | {"segment_ids": [], "custom_fields": {}}
    for number in range(PEOPLE):
        known = f"{number:024x}"
        moment = datetime.fromtimestamp(1_790_000_000 + number, one.created_at.tzinfo)
        mail = f"p{number}@example.com"
        account.subscribers[known] = type(one)(**plain | {"id": known, "email": mail, "created_at": moment})
    return account


async def test_an_export_that_is_alone_reaches_97_percent_of_the_quota(sandbox: Sandbox, account: Account) -> None:
    async with connected("2026-07-28", sandbox, toolsets="all") as agent:
        began = anyio.current_time()
        job = await agent.call(EXPORT)
        while job["state"] == "running":
            job = await agent.call("get_flodesk_job", job_id=job["job_id"], wait_seconds=25)
        minutes = (anyio.current_time() - began) / 60

    assert job["state"] == "done"
    assert job["written"] == len(account.subscribers)
    assert len(agent.sent) / minutes >= 97


async def test_beside_an_export_a_call_of_a_person_waits_at_most_one_and_a_half_seconds(
    sandbox: Sandbox, account: Account
) -> None:
    waited = []
    async with connected("2026-07-28", sandbox, toolsets="all") as agent, anyio.create_task_group() as calls:
        calls.start_soon(agent.answer, EXPORT)
        for _ in range(12):
            await anyio.sleep(3.7)
            began = anyio.current_time()
            await agent.call("list_all_flodesk_segment_colors")
            waited.append(anyio.current_time() - began)
        (job,) = (await agent.call("get_flodesk_job"))["jobs"]
        calls.cancel_scope.cancel()

    assert job["state"] == "running"
    assert max(waited) <= 1.5
