"""`flodesk-mcp token`: the access tokens of a hosted server."""

import re
from collections.abc import Mapping
from typing import Any

import click

from flodesk_mcp.callers.tool_filter import ToolFilter, ToolsetOff, UnknownTool
from flodesk_mcp.cli.flags import settings_flags
from flodesk_mcp.cli.store import OWN_FLAGS, Store, date, with_store
from flodesk_mcp.settings import SettingsError
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
    context.obj = {**context.obj, **{name: value for name, value in flags.items() if value is not None}}


@token.command()
@click.argument("name")
@click.option("--account", help="A stored account; without, the credential of the server's environment.")
@click.option("--read-only", is_flag=True, help="Only tools that read.")
@click.option("--toolsets", help="Only these toolsets.")
@click.option("--tools", help="Only these tools.")
@click.option("--exclude-tools", help="Not these tools.")
@click.option("--expires", help="How long it is valid, such as 12h, 30d or 8w; without, until it is revoked.")
@click.pass_obj
def create(flags: Mapping[str, Any], /, name: str, account: str | None, expires: str | None, **limits: Any) -> None:
    """Print a new token, once. It is not kept: only its hash is."""

    async def work(store: Store) -> None:
        seconds = None if expires is None else _seconds(expires)
        chosen = TokenLimits(**limits)
        try:
            ToolFilter.parse("the token", CATALOG, **limits)
        except (UnknownTool, ToolsetOff) as error:
            raise SettingsError(str(error)) from error
        click.echo(await store.tokens.create(name, account, chosen, seconds))

    with_store(flags, work)


@token.command("list")
@click.pass_obj
def list_tokens(flags: Mapping[str, Any]) -> None:
    """List the tokens, the revoked ones, too."""

    async def work(store: Store) -> None:
        for info in await store.tokens.list():
            click.echo(_described(info))

    with_store(flags, work)


@token.command()
@click.argument("name")
@click.pass_obj
def revoke(flags: Mapping[str, Any], name: str) -> None:
    """Let a token open nothing any more."""

    async def work(store: Store) -> None:
        await store.tokens.revoke(name)
        click.echo(f"Revoked {name!r}.")

    with_store(flags, work)


def _seconds(text: str) -> int:
    parts = re.fullmatch(r"([1-9]\d{0,5})([mhdw])", text.strip())
    if not parts:
        raise SettingsError(f"--expires {text!r} is not a number with m, h, d or w, such as 30d.")
    return int(parts[1]) * UNITS[parts[2]]


def _described(info: TokenInfo) -> str:
    limits = [
        f"{name.replace('_', '-')}" if value is True else f"{name.replace('_', '-')} {value}"
        for name, value in vars(info.limits).items()
        if value
    ]
    state = f"revoked {date(info.revoked_at)}" if info.revoked_at else f"expires {date(info.expires_at)}"
    account = info.account or "(environment)"
    return f"{info.name}  {account}, {state}, last used {date(info.last_used_at)}  {'; '.join(limits)}".rstrip()
