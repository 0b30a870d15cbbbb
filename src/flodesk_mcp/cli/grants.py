"""`flodesk-mcp grant`: the clients that people connected to a hosted server."""

from typing import Any

import click

from flodesk_mcp.cli.flags import settings_flags
from flodesk_mcp.cli.store import OWN_FLAGS, OpenStore, date, keep_flags, with_store
from flodesk_mcp.store import GrantInfo
from flodesk_mcp.web.auth.scopes import WRITE_SCOPE
from flodesk_mcp.web.settings import HostedSettings

__all__ = ["grant"]


@click.group()
@settings_flags(HostedSettings, OWN_FLAGS)
@click.pass_context
def grant(context: click.Context, /, **flags: Any) -> None:
    """See and cut off the clients that people connected to a hosted server (mode sign-in)."""
    keep_flags(context, flags)


@grant.command("list")
@with_store
async def list_grants(store: OpenStore) -> None:
    """List the connected clients, those that were cut off within the last month, too."""
    for info in await store.grants.list():
        click.echo(_described(info))


@grant.command()
@click.argument("grant_id")
@with_store
async def revoke(store: OpenStore, grant_id: str) -> None:
    """Cut off the client GRANT_ID at once. The person can connect it again."""
    await store.grants.revoke(grant_id)
    store.record("grant revoke", grant_id)
    click.echo(f"Cut off {grant_id}.")


def _described(info: GrantInfo) -> str:
    access = "read and write" if WRITE_SCOPE in info.scopes else "read"
    masked = "; personal data masked" if info.personal_data == "masked" else ""
    state = f"cut off {date(info.revoked_at)}" if info.revoked_at else f"last used {date(info.last_used_at)}"
    return (
        f"{info.id}  {info.account}  {info.client_name!r} at {info.client_place}, since {date(info.connected_at)}, "
        f"{state}  {access}: {info.toolsets}{masked}"
    )
