"""Events as Flodesk posts them, and a server that takes them."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx2
from sqlalchemy import select
from starlette.applications import Starlette

from flodesk_mcp.http import create_app
from flodesk_mcp.sandbox import Account, Sandbox
from flodesk_mcp.sandbox.account import Segment, Subscriber
from flodesk_mcp.settings import load_settings
from flodesk_mcp.store import Database, StoredReceivers, TokenLimits
from flodesk_mcp.store.models import AccountRow
from flodesk_mcp.web.settings import HostedSettings

from ..calls import JSON, call, result_of

PUBLIC = "https://flodesk.example.com"
TOOLSETS = "all,events"
VIP = "0" * 23 + "1"


def account_with_people(number: int = 3) -> Account:
    """An account whose people are in one segment."""
    account = Account()
    account.segments[VIP] = Segment(VIP, "VIP", "#F2C9C0", datetime(2026, 1, 1, tzinfo=UTC))
    for index in range(number):
        known = f"person-{index}"
        account.subscribers[known] = Subscriber(
            known, f"{known}@example.com", datetime(2026, 1, 1, tzinfo=UTC), first_name="Jo", segment_ids=[VIP]
        )
    return account


def unsubscribed(person: str = "person-0", minute: int = 0, **beside: Any) -> dict[str, Any]:
    """What Flodesk posts when somebody leaves."""
    return {
        "event_name": "subscriber.unsubscribed",
        "event_time": f"2026-03-02T10:{minute:02}:00.123456Z",
        "subscriber": {"id": person, "email": f"{person}@example.com", "status": "unsubscribed"},
        "webhook_id": "hook-1",
        **beside,
    }


def joined(person: str = "person-1", segment: str = VIP) -> dict[str, Any]:
    """What Flodesk posts when somebody is added to a segment."""
    told = unsubscribed(person, event_name="subscriber.added_to_segment", segment={"id": segment, "name": "VIP"})
    told["subscriber"]["status"] = "active"
    return told


@dataclass
class Receiving:
    """A running server: a client for it, and the tokens and addresses of Ann's and Ben's accounts."""

    client: httpx2.AsyncClient
    tokens: Mapping[str, str]
    addresses: Mapping[str, str]
    accounts: Mapping[str, str]

    async def call(self, who: str, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool as Ann or Ben, and return what it answers, or the error's text."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        answer = await self.client.post("/mcp", json=call(tool, **arguments), headers=headers)
        return result_of(answer)

    async def events(self, who: str = "ann", **arguments: Any) -> list[dict[str, Any]]:
        """Return the events that the tool lists."""
        result = await self.call(who, "list_flodesk_events", **arguments)
        assert not result["isError"], result
        listed: list[dict[str, Any]] = result["structuredContent"]["result"]
        return listed

    async def until(self, number: int, who: str = "ann") -> list[dict[str, Any]]:
        """Return the events once so many are verified."""
        with anyio.fail_after(20):
            while len(found := await self.events(who, limit=100)) < number:  # noqa: ASYNC110
                await anyio.sleep(0.02)
        assert len(found) == number
        return found

    async def settled(self, who: str = "ann") -> None:
        """Return once no event waits to be verified."""
        with anyio.fail_after(20):
            while True:
                result = await self.call(who, "list_flodesk_events")
                if not result["structuredContent"].get("waiting"):
                    return
                await anyio.sleep(0.02)

    async def post(self, event: Any, who: str = "ann") -> int:
        """Post an event to an account's address, and return the status of the answer."""
        return (await self.client.post(self.addresses[who], json=event)).status_code


@asynccontextmanager
async def receiving(flodesk: Sandbox, store: Any, **settings: Any) -> AsyncIterator[Receiving]:
    """Run a server with events for the stored accounts of Ann and Ben."""
    limits = TokenLimits(personal_data=settings.pop("token_data", "shown"))
    defaults = {"auth": "tokens", "toolsets": TOOLSETS, "public_url": PUBLIC, "confirm": "never"}
    app = create_app(load_settings(HostedSettings, **{**defaults, **settings}), flodesk.transport())
    database: Database = store.accounts._database
    async with database.reading() as session:
        accounts = {row.name: row.id for row in (await session.execute(select(AccountRow))).scalars()}
    receivers = StoredReceivers(database)
    tokens = {who: await store.tokens.create(f"{who}-{os.urandom(4).hex()}", who, limits) for who in accounts}
    addresses = {
        who: f"/webhooks/{account}/{(await receivers.add(account)).secret}" for who, account in accounts.items()
    }
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield Receiving(client, tokens, addresses, accounts)


def client_of(app: Starlette) -> httpx2.AsyncClient:
    """Return a client that reaches an application in this process."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:8000", headers=JSON)
