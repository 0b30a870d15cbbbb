"""`flodesk-mcp login` and `logout`: a person's own credential, in the keychain of their computer."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

import anyio
import click
from anyio import to_thread
from pydantic import SecretStr

from flodesk_mcp.callers.clients import client_for, open_connections
from flodesk_mcp.callers.keychain import KeptApiKey, KeptLogin, Keychain
from flodesk_mcp.cli.entered import entered
from flodesk_mcp.cli.loopback import Loopback
from flodesk_mcp.flodesk import ApiKey, FlodeskError, Unauthorized, identity_of
from flodesk_mcp.flodesk.oauth import OAuthClient
from flodesk_mcp.settings import Settings, SettingsError, load_settings
from flodesk_mcp.tools.visible import visible

__all__ = ["keep_key", "login", "logout"]

BROWSER_SECONDS = 300


@click.command()
@click.option("--api-key", is_flag=True, help="Ask for an API key, also where FLODESK_CLIENT_ID is set.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port for the way back from the browser.")
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
@click.pass_obj
def login(flags: Mapping[str, Any], /, api_key: bool, port: int, no_browser: bool) -> None:
    """Keep a credential in this computer's keychain, where the server finds it.

    It asks for an API key, or, where FLODESK_CLIENT_ID and FLODESK_CLIENT_SECRET are set, sends you to Flodesk to allow
    it. What Flodesk does not accept is not kept.
    """
    settings = load_settings(**flags)
    if settings.sandbox:
        raise SettingsError("The sandbox needs no login: leave --sandbox or FLODESK_SANDBOX out.")
    keychain = Keychain(settings)
    keychain.read()  # before anything is asked: there may be no keychain
    if settings.client_id and settings.client_secret and not api_key:
        whose = anyio.run(_sign_in, settings, keychain, port, no_browser)
    else:
        whose = anyio.run(keep_key, settings, keychain, entered("Flodesk API key"))
    click.echo(f"{whose} The credential is in this computer's keychain; `flodesk-mcp logout` forgets it.")
    if settings.names_account:
        click.echo(f"But {settings.credential_source} is set, and comes first: unset it to use the login.")


@click.command()
@click.pass_obj
def logout(flags: Mapping[str, Any]) -> None:
    """Forget the credential in this computer's keychain."""
    forgotten = anyio.run(_forget, Keychain(load_settings(**flags)))
    click.echo("Forgotten." if forgotten else "There is no login in this computer's keychain.")


async def keep_key(settings: Settings, keychain: Keychain, secret: str) -> str:
    """Try the key on Flodesk with one request, keep it, and return what to tell the person.

    Raises SettingsError when it is not kept.
    """
    try:
        key = ApiKey(secret)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    async with open_connections(settings) as http:
        try:
            segments = await client_for(identity_of(key), key, settings, http).segments.list(per_page=1)
        except Unauthorized:
            raise SettingsError("Flodesk refuses this API key (401): copy it again, whole. Nothing is kept.") from None
        except FlodeskError as error:
            raise SettingsError(f"The API key could not be tried, so nothing is kept. {error}") from error
    await _keep(keychain, KeptApiKey(SecretStr(secret)))
    return f"Flodesk accepts the API key; segments in the account: {segments.meta.total_items}."


async def _sign_in(settings: Settings, keychain: Keychain, port: int, no_browser: bool) -> str:
    """Let the person allow it at Flodesk, and keep the tokens."""
    client_id, client_secret = settings.client_id or "", settings.client_secret or SecretStr("")
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    async with open_connections(settings) as http:
        oauth = OAuthClient(client_id, client_secret, http=http, base_url=settings.base_url)
        with Loopback(state, port) as loopback:
            address = oauth.authorize_url(loopback.redirect_uri, state, code_challenge=challenge)
            click.echo(f"Allow it at Flodesk, in your browser:\n\n    {address}\n")
            if not no_browser:
                click.launch(address)
            code = await to_thread.run_sync(loopback.code, BROWSER_SECONDS, abandon_on_cancel=True)
        try:
            pair = await oauth.exchange(code, loopback.redirect_uri, code_verifier=verifier)
            profile = await oauth.userinfo(pair)
        except Unauthorized:
            raise SettingsError("Flodesk refuses FLODESK_CLIENT_ID and FLODESK_CLIENT_SECRET (401).") from None
        except FlodeskError as error:
            raise SettingsError(f"The sign-in failed, so nothing is kept. {error}") from error
    await _keep(keychain, KeptLogin(profile.id, pair, client_id, client_secret))
    return f"Signed in as {visible(profile.email or profile.full_name or profile.id)}."


async def _keep(keychain: Keychain, kept: KeptApiKey | KeptLogin) -> None:
    async with keychain.alone():
        keychain.keep(kept)


async def _forget(keychain: Keychain) -> bool:
    async with keychain.alone():
        return keychain.forget()
