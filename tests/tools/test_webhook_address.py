"""Addresses of webhooks: what is private, however it is spelled, is refused before any request."""

import pytest

from flodesk_mcp.sandbox import Account

from .agent import Agent
from .examples import WEBHOOK

pytestmark = pytest.mark.anyio

PUBLIC = (
    "https://shop.example.com/hook",
    "https://a.example/",
    "https://8.8.8.8/x",
    "https://[2606:4700::1111]/",
    "https://bücher.example/",
    "https://xn--bcher-kva.example:8443/a?b=c&x=%0a",
    "https://hooks.zapier.com/1/",
    "https://internal.example.com/",
    "https://mylocal.io",
    "https://1.2.example.com/",
    "https://localhost.example.com",
    "https://134744072/",
)
REFUSED = (
    "http://a.example",
    "https://",
    "https://a.example/\x00",
    "https://a.example/\r\nx",
    "https://a.exa\u200bmple/",
    "https://a.example/ b",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://x.localhost",
    "https://127.0.0.1/",
    "https://127.1",
    "https://0x7f.1",
    "https://2130706433",
    "https://0177.0.0.1",
    "https://017700000001",
    "https://0x7f000001",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fc00::1]",
    "https://[64:ff9b::7f00:1]",
    "https://[2002:7f00:1::]",
    "https://[::127.0.0.1]",
    "https://10.0.0.1",
    "https://192.168.1.1",
    "https://172.16.0.1",
    "https://169.254.169.254/latest",
    "https://100.64.0.1",
    "https://0.0.0.0",
    "https://0",
    "https://224.0.0.1",
    "https://255.255.255.255",
    "https://printer.local",
    "https://db.internal",
    "https://metadata.google.internal",
    "https://intranet",
    "https://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",
    "https://127\u30020\u30020\u30021",
    "https://\u24dbocalhost/",
    "https://a@127.0.0.1/",
    "https://127.0.0.1\\@a.example/",
    "https://a.example\\.local",
    "https://%6c%6fcalhost/",
    "https://127.0.0.1.",
    "https://256.1",
    "https://09.1.1.1",
    "https://1.2.3.4.5",
    "https://[::1",
    "https://a.example:99999/",
    "https://a_b%2elocal/",
    "https://127.0.0.1%00.example.com/",
    "https:/a.example",
    "https:a.example",
    "https://@localhost",
    "https://:@a.example/",
    "https://foo.127.0.0.1",
    "https://0x/",
    "https://a..b",
    "https://.a.example",
    "https://\uff110.0.0.1",
)


@pytest.mark.parametrize("address", PUBLIC)
async def test_a_public_address_is_taken_as_it_is(agent: Agent, account: Account, address: str) -> None:
    made = await agent.call("create_a_flodesk_webhook", name="x", post_url=address, events=["subscriber.unsubscribed"])
    assert account.webhooks[made["id"]].post_url == address


@pytest.mark.parametrize("address", REFUSED)
async def test_any_other_is_refused_before_any_request(agent: Agent, address: str) -> None:
    for text in (
        await agent.refused("create_a_flodesk_webhook", name="x", post_url=address, events=["subscriber.created"]),
        await agent.refused("update_a_flodesk_webhook_by_id", id=WEBHOOK, post_url=address),
    ):
        assert "failed: nothing was sent. Argument 'post_url': must " in text
    assert not agent.sent
