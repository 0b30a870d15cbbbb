"""What one replica verified, the clients of another hear of."""

from functools import partial

import anyio
import pytest

from flodesk_mcp.events.events import Events
from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.settings import load_settings
from flodesk_mcp.store import Store
from flodesk_mcp.web.replicas import Replicas
from flodesk_mcp.web.settings import HostedSettings

from .hooks import joined, receiving

pytestmark = pytest.mark.anyio


async def test_who_listens_at_another_replica_hears_of_their_own_account_alone(
    flodesk: Sandbox, store: Store, redis_url: str
) -> None:
    heard: list[str] = []
    other = Replicas(load_settings(HostedSettings, auth="tokens", redis_url=redis_url))
    async with receiving(flodesk, store, redis_url=redis_url) as server, other.running():
        events = Events(store.accounts._database, None, other.messages, lambda _: None)
        for person, account in server.accounts.items():
            events.of(account).listen(partial(heard.append, person))
        await other.messages.ready()
        assert await server.post(joined()) == 200
        await server.until(1)
        with anyio.fail_after(10):
            while not heard:  # noqa: ASYNC110
                await anyio.sleep(0.02)
    assert heard == ["ann"]
