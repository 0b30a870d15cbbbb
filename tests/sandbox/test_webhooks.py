from typing import Any

import httpx2
import pytest

from flodesk_mcp.sandbox import Account

pytestmark = pytest.mark.anyio

NEW = {"name": "CRM", "post_url": "https://crm.example.com/in?secret=1", "events": ["subscriber.created"]}


async def test_a_new_webhook_is_answered_without_its_name(client: httpx2.AsyncClient, account: Account) -> None:
    answer = await client.post("/webhooks", json=NEW)
    webhook = answer.json()
    assert answer.status_code == 201
    assert webhook == {
        "id": webhook["id"],
        "post_url": NEW["post_url"],
        "events": NEW["events"],
        "created_at": "2026-09-15T10:30:00.000005Z",
    }
    assert account.webhooks[webhook["id"]].name == "CRM"
    assert (await client.get(f"/webhooks/{webhook['id']}")).json() == webhook
    assert (await client.get("/webhooks")).json()["data"][3] == webhook


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": None},
        {"post_url": "http://crm.example.com/in"},
        {"post_url": "https://"},
        {"events": []},
        {"events": ["subscriber.deleted"]},
    ],
)
async def test_a_webhook_needs_a_name_an_https_address_and_known_events(
    client: httpx2.AsyncClient, account: Account, wrong: dict[str, Any]
) -> None:
    assert (await client.post("/webhooks", json={**NEW, **wrong})).status_code == 400
    assert len(account.webhooks) == 3


async def test_an_update_changes_only_what_it_names(client: httpx2.AsyncClient, account: Account) -> None:
    webhook_id = next(iter(account.webhooks))
    before = (await client.get(f"/webhooks/{webhook_id}")).json()
    answer = await client.put(f"/webhooks/{webhook_id}", json={"events": ["subscriber.unsubscribed"]})
    assert answer.status_code == 200
    assert answer.json() == {**before, "events": ["subscriber.unsubscribed"]}


async def test_an_update_is_checked_like_a_new_one(client: httpx2.AsyncClient, account: Account) -> None:
    answer = await client.put(f"/webhooks/{next(iter(account.webhooks))}", json={"post_url": "ftp://x"})
    assert answer.status_code == 400


async def test_a_deleted_webhook_is_gone(client: httpx2.AsyncClient, account: Account) -> None:
    path = f"/webhooks/{next(iter(account.webhooks))}"
    deleted = await client.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    answers = [await client.get(path), await client.put(path, json=NEW), await client.delete(path)]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
