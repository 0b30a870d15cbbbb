"""`flodesk-mcp webhook`: Flodesk's webhooks that post events to a hosted server."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import click

from flodesk_mcp.cli.account_client import account_client
from flodesk_mcp.cli.flags import settings_flags
from flodesk_mcp.cli.store import OWN_FLAGS, OpenStore, date, keep_flags, with_store
from flodesk_mcp.events.webhook_addresses import WebhookAddresses
from flodesk_mcp.flodesk import NotFound
from flodesk_mcp.settings import SettingsError
from flodesk_mcp.web.settings import HostedSettings

__all__ = ["webhook"]

EVENTS = ("subscriber.created", "subscriber.added_to_segment", "subscriber.unsubscribed")


@click.group()
@settings_flags(HostedSettings, (*OWN_FLAGS, "public_url"))
@click.pass_context
def webhook(context: click.Context, /, **flags: Any) -> None:
    """Let Flodesk's webhooks post events to a hosted server, for stored accounts."""
    keep_flags(context, flags)


@webhook.command()
@click.argument("account")
@click.option("--event", "events", multiple=True, type=click.Choice(EVENTS), help="Only this one; may be repeated.")
@click.option("--name", default="flodesk-mcp", show_default=True, help="What people see in Flodesk.")
@with_store
async def receive(store: OpenStore, account: str, events: Sequence[str], name: str) -> None:
    """Make a webhook at Flodesk that posts the events of ACCOUNT to this server, under a new secret."""
    if store.settings.public_url is None:
        raise SettingsError("Set FLODESK_PUBLIC_URL: Flodesk posts to where others reach this server.")
    stored = await store.accounts.account(account)
    async with account_client(store, stored) as flodesk:
        made = await _addresses(store, stored.id).create(flodesk, name, events or EVENTS)
    store.record("webhook receive", f"{account} {made.id}")
    click.echo(f"Webhook {made.id} posts {', '.join(events or EVENTS)} of {account!r} to this server.")


@webhook.command("list")
@with_store
async def list_webhooks(store: OpenStore) -> None:
    """List the webhooks that post here, and when something new came last."""
    names = await store.accounts.names()
    for info in await store.receivers.list():
        account = names.get(info.account, "(environment)")
        came = f"last event {date(round(info.last_event_at))}" if info.last_event_at else "nothing came yet"
        click.echo(f"{info.webhook_id or '(not known yet)'}  {account}, since {date(round(info.created_at))}, {came}")


@webhook.command()
@click.argument("account")
@click.argument("webhook_id")
@with_store
async def remove(store: OpenStore, account: str, webhook_id: str) -> None:
    """Delete WEBHOOK_ID of ACCOUNT at Flodesk, and take nothing more from it."""
    stored = await store.accounts.account(account)
    async with account_client(store, stored) as flodesk:
        with suppress(NotFound):  # somebody deleted it at Flodesk
            await flodesk.webhooks.delete(webhook_id)
        ended = await _addresses(store, stored.id).end(webhook_id)
    store.record("webhook remove", f"{account} {webhook_id}")
    click.echo(f"Deleted {webhook_id}." if ended else f"Deleted {webhook_id}, which did not post here.")


def _addresses(store: OpenStore, account_id: str) -> WebhookAddresses:
    async def is_kept() -> bool:
        return True

    return WebhookAddresses(store.receivers, account_id, store.settings.public_url, is_kept)
