"""`flodesk-mcp account`: the Flodesk accounts that a hosted server stores."""

import sys
from collections.abc import Mapping
from typing import Any

import click

from flodesk_mcp.callers.single import open_connections
from flodesk_mcp.cli.flags import settings_flags
from flodesk_mcp.cli.store import OWN_FLAGS, Store, date, with_store
from flodesk_mcp.flodesk import FlodeskClient, FlodeskError
from flodesk_mcp.settings import SettingsError
from flodesk_mcp.store import new_key
from flodesk_mcp.web.settings import HostedSettings

__all__ = ["account"]


@click.group()
@settings_flags(HostedSettings, OWN_FLAGS)
@click.pass_context
def account(context: click.Context, /, **flags: Any) -> None:
    """Store Flodesk accounts for a hosted server, encrypted with FLODESK_ENCRYPTION_KEYS."""
    context.obj = {**context.obj, **{name: value for name, value in flags.items() if value is not None}}


@account.command()
@click.argument("name")
@click.option("--access-token", is_flag=True, help="What is stored is an OAuth access token, not an API key.")
@click.pass_obj
def add(flags: Mapping[str, Any], name: str, access_token: bool) -> None:
    """Store an account under NAME. The credential is read from standard input, or asked for."""

    async def work(store: Store) -> None:
        await store.accounts.add(name, "access_token" if access_token else "api_key", _secret())
        click.echo(f"Stored {name!r}. Try it with: flodesk-mcp account check {name}")

    with_store(flags, work)


@account.command("list")
@click.pass_obj
def list_accounts(flags: Mapping[str, Any]) -> None:
    """List the stored accounts."""

    async def work(store: Store) -> None:
        for stored in await store.accounts.list():
            people = f", subjects: {', '.join(stored.subjects)}" if stored.subjects else ""
            click.echo(f"{stored.name}  since {date(stored.created_at)}, {stored.tokens} tokens{people}")

    with_store(flags, work)


@account.command()
@click.argument("name")
@click.pass_obj
def check(flags: Mapping[str, Any], name: str) -> None:
    """Ask Flodesk whether it takes the credential of an account."""

    async def work(store: Store) -> None:
        credential = await store.accounts.credential(name)
        async with open_connections(store.settings, None) as http:
            flodesk = FlodeskClient(credential, base_url=store.settings.base_url, http=http)
            try:
                await flodesk.segments.list(per_page=1)
            except FlodeskError as error:
                raise SettingsError(f"Account {name!r}: {error}") from error
        click.echo(f"Flodesk takes the credential of {name!r}.")

    with_store(flags, work)


@account.command()
@click.argument("name")
@click.pass_obj
def remove(flags: Mapping[str, Any], name: str) -> None:
    """Forget an account, with its tokens and links."""

    async def work(store: Store) -> None:
        await store.accounts.remove(name)
        click.echo(f"Forgot {name!r} and its tokens.")

    with_store(flags, work)


@account.command()
@click.argument("name")
@click.argument("subject")
@click.pass_obj
def link(flags: Mapping[str, Any], name: str, subject: str) -> None:
    """Open an account to SUBJECT of the identity provider FLODESK_OAUTH_ISSUER (mode oauth)."""

    async def work(store: Store) -> None:
        await store.accounts.link(name, _issuer(store), subject)
        click.echo(f"Linked {subject} to {name!r}.")

    with_store(flags, work)


@account.command()
@click.argument("subject")
@click.pass_obj
def unlink(flags: Mapping[str, Any], subject: str) -> None:
    """Close every account to SUBJECT of the identity provider FLODESK_OAUTH_ISSUER."""

    async def work(store: Store) -> None:
        await store.accounts.unlink(_issuer(store), subject)
        click.echo(f"Unlinked {subject}.")

    with_store(flags, work)


@account.command("new-key")
def make_key() -> None:
    """Print a new key for FLODESK_ENCRYPTION_KEYS."""
    click.echo(new_key())


@account.command()
@click.pass_obj
def rotate(flags: Mapping[str, Any]) -> None:
    """Encrypt all credentials anew with the first of FLODESK_ENCRYPTION_KEYS; then the others can go."""

    async def work(store: Store) -> None:
        click.echo(f"Encrypted {await store.accounts.reseal()} credentials with the first key.")

    with_store(flags, work)


def _secret() -> str:
    if sys.stdin.isatty():
        entered: str = click.prompt("Flodesk credential", hide_input=True, err=True)
        return entered.strip()
    return sys.stdin.readline().strip()


def _issuer(store: Store) -> str:
    if store.settings.oauth_issuer is None:
        raise SettingsError("Set FLODESK_OAUTH_ISSUER: a subject is only known to its identity provider.")
    return store.settings.oauth_issuer
