"""`flodesk-mcp events`: what came from webhooks, and what became of it."""

import base64
import secrets
from datetime import UTC, datetime
from typing import Any, get_args

import click

from flodesk_mcp.cli.flags import settings_flags
from flodesk_mcp.cli.store import OWN_FLAGS, OpenStore, date, keep_flags, with_store
from flodesk_mcp.settings import SettingsError
from flodesk_mcp.store import DeliveryState, EventFilter, EventState
from flodesk_mcp.web.settings import HostedSettings

__all__ = ["events"]

SECRET_BYTES = 32
account_option = click.option("--account", help="Only of this stored account.")
limit_option = click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many.")


def _moment(_: click.Context, __: click.Parameter, given: str | None) -> float | None:
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise click.BadParameter("must be a date or time such as 2026-03-01 or 2026-03-01T08:00:00Z.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


since_option = click.option("--since", callback=_moment, help="Only those that happened since then (UTC).")


@click.group()
@settings_flags(HostedSettings, OWN_FLAGS)
@click.pass_context
def events(context: click.Context, /, **flags: Any) -> None:
    """See events of webhooks, and their deliveries; pass events on once more."""
    keep_flags(context, flags)


@events.command("list")
@account_option
@since_option
@click.option("--state", type=click.Choice(get_args(EventState)), help="Only in this state.")
@limit_option
@with_store
async def list_events(
    store: OpenStore, account: str | None, since: float | None, state: EventState | None, limit: int
) -> None:
    """List events, the last received first: waiting, verified by Flodesk, or contradicted by it."""
    names = await store.accounts.names()
    for event in await store.events.page(EventFilter(await _id_of(store, account), state, since), limit):
        of, segment = names.get(event.account, "(environment)"), f" {event.segment_id}" if event.segment_id else ""
        who = event.subscriber_id or "(an address)"
        click.echo(f"{event.id}  {date(int(event.occurred_at))}  {of}  {event.type} {who}{segment}, {event.state}")


@events.command()
@account_option
@click.option("--state", type=click.Choice(get_args(DeliveryState)), help="Only in this state.")
@limit_option
@with_store
async def deliveries(store: OpenStore, account: str | None, state: DeliveryState | None, limit: int) -> None:
    """List deliveries to FLODESK_FORWARD_URL, the latest first: how often each was tried, and how that ended."""
    for delivery in await store.deliveries.list(await _id_of(store, account), state, limit):
        of = delivery.account_name or "(environment)"
        tried = f"{delivery.tries} tries, last {date(int(delivery.tried_at))}" if delivery.tried_at else "not tried yet"
        again = f", again {date(int(delivery.due_at))}" if delivery.state == "waiting" else ""
        said = f": {delivery.outcome}" if delivery.outcome else ""
        click.echo(f"{delivery.event_id}  {of}  {delivery.event_type}  {delivery.state}, {tried}{said}{again}")


@events.command()
@click.argument("event_id", required=False)
@account_option
@since_option
@click.option("--failed", is_flag=True, help="Only those that were given up, and never taken.")
@with_store
async def replay(
    store: OpenStore, event_id: str | None, account: str | None, since: float | None, failed: bool
) -> None:
    """Pass EVENT_ID on once more, or all since a time, or all that failed. A running server does it."""
    if not (event_id or since or failed):
        raise SettingsError("Say which: an EVENT_ID of `flodesk-mcp events list`, --since or --failed.")
    if store.settings.forward_url is None:
        raise SettingsError(
            "Set FLODESK_FORWARD_URL and FLODESK_FORWARD_SECRET: there is nowhere to pass events on to."
        )
    number = await store.deliveries.replay(await _id_of(store, account), event_id, since, failed=failed)
    if event_id and not number:
        raise SettingsError(f"There is no verified event {event_id[:100]!r} that is not on its way already.")
    store.record("events replay", event_id or f"{number} events")
    click.echo(f"{number} events go on once more.")


@events.command("new-secret")
def make_secret() -> None:
    """Print a new secret for FLODESK_FORWARD_SECRET."""
    click.echo(f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}")


async def _id_of(store: OpenStore, account: str | None) -> str | None:
    return None if account is None else (await store.accounts.account(account)).id
