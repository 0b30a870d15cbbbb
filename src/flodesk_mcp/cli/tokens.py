"""`flodesk-mcp token`: the access tokens of a hosted server."""

import re
from typing import Any, get_args

import click

from flodesk_mcp.callers.tool_filter import ToolFilter, ToolsetOff, UnknownTool
from flodesk_mcp.cli.flags import settings_flags
from flodesk_mcp.cli.store import OWN_FLAGS, OpenStore, date, keep_flags, with_store
from flodesk_mcp.settings import PersonalData, SettingsError
from flodesk_mcp.store import TokenInfo, TokenLimits
from flodesk_mcp.tools import CATALOG
from flodesk_mcp.web.settings import HostedSettings

__all__ = ["token"]

UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@click.group()
@settings_flags(HostedSettings, OWN_FLAGS)
@click.pass_context
def token(context: click.Context, /, **flags: Any) -> None:
    """Make and revoke the access tokens of a hosted server (mode tokens)."""
    keep_flags(context, flags)


@token.command()
@click.argument("name")
@click.option("--account", help="A stored account; without, the credential of the server's environment.")
@click.option("--read-only", is_flag=True, help="Only tools that read.")
@click.option("--toolsets", help="Only these toolsets.")
@click.option("--tools", help="Only these tools.")
@click.option("--exclude-tools", help="Not these tools.")
@click.option(
    "--personal-data",
    type=click.Choice(get_args(PersonalData)),
    default="shown",
    help="Whether answers show who subscribers are, or mask it (j***@e***.com); default shown.",
)
@click.option("--requests-per-minute", type=click.IntRange(1), help="So many requests in any minute, then 429.")
@click.option("--calls-at-once", type=click.IntRange(1), help="So many calls under way, then 429.")
@click.option("--expires", help="How long it is valid, such as 12h, 30d or 8w; without, until it is revoked.")
@with_store
async def create(store: OpenStore, /, name: str, account: str | None, expires: str | None, **limits: Any) -> None:
    """Print a new token, once. It is not kept: only its hash is."""
    seconds = None if expires is None else _seconds("--expires", expires)
    chosen = TokenLimits(**limits)
    try:
        ToolFilter.parse("the token", CATALOG, **chosen.of_tools())
    except (UnknownTool, ToolsetOff) as error:
        raise SettingsError(str(error)) from error
    made = await store.tokens.create(name, account, chosen, seconds)
    store.record("token create", name)
    click.echo(made)


@token.command()
@click.argument("name")
@click.option(
    "--overlap", default="1h", show_default=True, help="How long the secret before stays good; 0m: no longer."
)
@with_store
async def rotate(store: OpenStore, name: str, overlap: str) -> None:
    """Print a new secret for a token, once. Its limits, account and sessions stay."""
    made = await store.tokens.rotate(name, _seconds("--overlap", overlap))
    store.record("token rotate", name)
    click.echo(made)


@token.command("list")
@with_store
async def list_tokens(store: OpenStore) -> None:
    """List the tokens, the revoked ones, too."""
    for info in await store.tokens.list():
        click.echo(_described(info))


@token.command()
@click.argument("name")
@with_store
async def revoke(store: OpenStore, name: str) -> None:
    """Let a token open nothing any more."""
    await store.tokens.revoke(name)
    store.record("token revoke", name)
    click.echo(f"Revoked {name!r}.")


def _seconds(flag: str, text: str) -> int:
    first = "0-9" if flag == "--overlap" else "1-9"
    parts = re.fullmatch(rf"([{first}]\d{{0,5}})([mhdw])", text.strip())
    if not parts:
        raise SettingsError(f"{flag} {text!r} is not a number with m, h, d or w, such as 30d.")
    return int(parts[1]) * UNITS[parts[2]]


def _described(info: TokenInfo) -> str:
    limits = [
        f"{name.replace('_', '-')}" if value is True else f"{name.replace('_', '-')} {value}"
        for name, value in vars(info.limits).items()
        if value and value != "shown"
    ]
    state = f"revoked {date(info.revoked_at)}" if info.revoked_at else f"expires {date(info.expires_at)}"
    if info.former_until:
        state += f", the secret before it good until {date(info.former_until)}"
    account = info.account or "(environment)"
    return f"{info.name}  {account}, {state}, last used {date(info.last_used_at)}  {'; '.join(limits)}".rstrip()
