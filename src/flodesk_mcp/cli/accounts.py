"""`flodesk-mcp account`: the Flodesk accounts that a hosted server stores."""

from typing import Any, Literal

import click
from pydantic import SecretStr

from flodesk_mcp.callers.clients import credential_from
from flodesk_mcp.cli.account_client import account_client
from flodesk_mcp.cli.entered import entered
from flodesk_mcp.cli.flags import settings_flags
from flodesk_mcp.cli.store import OWN_FLAGS, OpenStore, date, keep_flags, with_store
from flodesk_mcp.settings import SettingsError
from flodesk_mcp.store import CredentialKind, new_key
from flodesk_mcp.web.audiences import Audiences
from flodesk_mcp.web.auth.known_keys import key_identities
from flodesk_mcp.web.auth.principal import shown_subject
from flodesk_mcp.web.erasing import erase_account
from flodesk_mcp.web.settings import HostedSettings

__all__ = ["account"]


@click.group()
@settings_flags(HostedSettings, OWN_FLAGS)
@click.pass_context
def account(context: click.Context, /, **flags: Any) -> None:
    """Store Flodesk accounts for a hosted server, encrypted with FLODESK_ENCRYPTION_KEYS."""
    keep_flags(context, flags)


@account.command()
@click.argument("name")
@click.option("--access-token", is_flag=True, help="What is stored is an OAuth access token, not an API key.")
@with_store
async def add(store: OpenStore, name: str, access_token: bool) -> None:
    """Store an account under NAME. The credential is read from standard input, or asked for."""
    await store.accounts.add(name, *_entered_credential(store, access_token))
    store.record("account add", name)
    click.echo(f"Stored {name!r}. Try it with: flodesk-mcp account check {name}")


@account.command()
@click.argument("name")
@click.option("--access-token", is_flag=True, help="What is stored is an OAuth access token, not an API key.")
@with_store
async def update(store: OpenStore, name: str, access_token: bool) -> None:
    """Give an account a new credential, in place: tokens, quota, copies and jobs go on with it."""
    await store.accounts.update(name, *_entered_credential(store, access_token))
    store.record("account update", name)
    click.echo(f"Replaced the credential of {name!r}. Try it with: flodesk-mcp account check {name}")


@account.command("list")
@with_store
async def list_accounts(store: OpenStore) -> None:
    """List the stored accounts."""
    for stored in await store.accounts.list():
        people = f", subjects: {', '.join(stored.subjects)}" if stored.subjects else ""
        ended = f", must sign in again since {date(stored.signed_out_at)}" if stored.signed_out_at else ""
        click.echo(f"{stored.name}  since {date(stored.created_at)}, {stored.tokens} tokens{people}{ended}")


@account.command()
@click.argument("name")
@with_store
async def check(store: OpenStore, name: str) -> None:
    """Ask Flodesk whether it takes the credential of an account."""
    async with account_client(store, await store.accounts.account(name)) as flodesk:
        await flodesk.segments.list(per_page=1)
    click.echo(f"Flodesk takes the credential of {name!r}.")


@account.command()
@click.argument("name")
@with_store
async def remove(store: OpenStore, name: str) -> None:
    """Erase an account, with its tokens and links, the copy of its list, its jobs, plans, uploads and exports."""
    stored = await store.accounts.id_of(name)
    audiences = Audiences(store.settings, keeps_state=True)
    try:
        await erase_account(store.accounts, audiences, stored)
    finally:
        await audiences.aclose()
    store.record("account remove", name)
    click.echo(f"Erased {name!r}, its tokens, and what was kept of its list.")


@account.command()
@click.argument("name")
@click.argument("subject")
@with_store
async def link(store: OpenStore, name: str, subject: str) -> None:
    """Open an account to SUBJECT of the identity provider FLODESK_OAUTH_ISSUER (mode oauth)."""
    await store.subjects.link(name, _issuer(store), subject)
    store.record("account link", f"{name} to {shown_subject(subject)}")
    click.echo(f"Linked {subject} to {name!r}.")


@account.command()
@click.argument("subject")
@with_store
async def unlink(store: OpenStore, subject: str) -> None:
    """Close every account to SUBJECT of the identity provider FLODESK_OAUTH_ISSUER."""
    await store.subjects.unlink(_issuer(store), subject)
    store.record("account unlink", shown_subject(subject))
    click.echo(f"Unlinked {subject}.")


@account.command("new-key")
def make_key() -> None:
    """Print a new key for FLODESK_ENCRYPTION_KEYS."""
    click.echo(new_key())


@account.command()
@with_store
async def rotate(store: OpenStore) -> None:
    """Encrypt all credentials anew with the first of FLODESK_ENCRYPTION_KEYS; then the others can go."""
    count = await store.accounts.reseal()
    await store.accounts.know_keys(key_identities(store.settings.encryption_keys))
    store.record("account rotate", f"{count} accounts")
    click.echo(f"Encrypted {count} credentials with the first key.")


def _entered_credential(store: OpenStore, access_token: bool) -> tuple[CredentialKind, str, list[str]]:
    """Return the kind of what is typed or piped in, the credential itself, and what its account is known by."""
    kind: Literal["api_key", "access_token"] = "access_token" if access_token else "api_key"
    secret = entered("Flodesk credential")
    try:
        credential_from(kind, SecretStr(secret))
    except ValueError as error:
        raise SettingsError(str(error)) from None
    return kind, secret, [] if access_token else key_identities(store.settings.encryption_keys)(secret)


def _issuer(store: OpenStore) -> str:
    if store.settings.oauth_issuer is None:
        raise SettingsError("Set FLODESK_OAUTH_ISSUER: a subject is only known to its identity provider.")
    return store.settings.oauth_issuer
