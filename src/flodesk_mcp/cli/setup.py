"""`flodesk-mcp setup`: connect the MCP clients of this machine, each by an entry in its own file."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import anyio
import click

from flodesk_mcp.callers.keychain import Keychain
from flodesk_mcp.cli.entered import entered
from flodesk_mcp.cli.login import keep_key
from flodesk_mcp.mcp_clients import (
    CLIENTS,
    KEY,
    NAME,
    Change,
    ConfigFile,
    Entry,
    Launch,
    Machine,
    NotValid,
    launch_of,
    this_machine,
)
from flodesk_mcp.settings import Settings, SettingsError, flag, load_settings

__all__ = ["setup"]

_KNOWN = {client.id: client for client in CLIENTS}


@click.command()
@click.option(
    "--client",
    "names",
    multiple=True,
    type=click.Choice(list(_KNOWN)),
    help="Only this one; repeat it for several.  [default: all that are installed]",
)
@click.option("--print", "only_print", is_flag=True, help="Show what would be written, and change nothing.")
@click.option("--remove", is_flag=True, help="Take the entries out again.")
@click.option("--yes", is_flag=True, help=f"Ask nothing; the key comes from {KEY}.")
@click.pass_obj
def setup(flags: Mapping[str, Any], names: tuple[str, ...], only_print: bool, remove: bool, yes: bool) -> None:
    """Connect the MCP clients of this computer; your key goes into its keychain.

    No file gets the key. Everything else in a file stays as it is, and a backup is kept beside it. Flags that stand
    before the command (flodesk-mcp --read-only setup) are what the server gets.
    """
    settings = load_settings(**flags)
    files = _files(this_machine(), names)
    if not files:
        raise SettingsError(f"no MCP client is installed here. Name one with --client: {', '.join(_KNOWN)}.")
    if only_print:
        launch = _launch(flags)
        _show_all(files, launch, remove)
        return
    if remove:
        done = [_made(file, ConfigFile.removing, "", yes) for file in files]
    else:
        launch = _launch(flags, _key_variable(settings, yes))
        done = [_added(file, launch, yes) for file in files]
    sys.exit(0 if all(done) else 1)


def _files(machine: Machine, names: tuple[str, ...]) -> list[ConfigFile]:
    """Return the files of the clients that were named, or else of those that are installed."""
    found = []
    for client in [_KNOWN[name] for name in dict.fromkeys(names)] or CLIENTS:
        places = client.installed(machine) or (list(client.places(machine))[:1] if names else [])
        found += [ConfigFile(client, place.file) for place in places]
    return found


def _launch(flags: Mapping[str, Any], key_variable: str | None = None) -> Launch:
    """Return how clients start the server: as it runs now, with the flags that stand before the command."""
    launch = launch_of(os.environ)
    given: list[str] = []
    for name, value in flags.items():
        if value not in (None, False):
            given += [flag(name)] if value is True else [flag(name), str(value)]
    return replace(launch, args=(*launch.args, *given), key_variable=key_variable)


def _key_variable(settings: Settings, yes: bool) -> str | None:
    """Have the key kept; return the variable that clients must hand on, where there is no keychain.

    Raises SettingsError for a key that Flodesk does not accept.
    """
    if settings.sandbox:
        return None
    keychain = Keychain(settings)
    try:
        kept = keychain.read()
        if settings.api_key is None and kept is not None:
            click.echo("The keychain holds a credential already; `flodesk-mcp login` replaces it.")
            return None
        secret = settings.api_key.get_secret_value().strip() if settings.api_key else None
    except SettingsError as error:
        return _without_keychain(str(error))
    if secret is None and yes:
        raise SettingsError(f"--yes asks nothing: set {KEY} to your Flodesk API key.")
    told = anyio.run(keep_key, settings, keychain, secret or entered("Flodesk API key"))
    if keychain.read() is None:  # a keychain that is turned off takes everything, and keeps nothing
        return _without_keychain("This computer's keychain is turned off.")
    click.echo(f"{told} It is in this computer's keychain.")
    return None


def _without_keychain(why: str) -> str:
    click.echo(f"{why} So the entries hold no key: they name the variable {KEY}.")
    return KEY


def _added(file: ConfigFile, launch: Launch, yes: bool) -> bool:
    client = file.client
    entry = client.entry(launch)
    if not _made(file, lambda file: file.adding(entry), _written(entry), yes):
        return False
    if launch.key_variable and client.passes_variables:
        click.echo(f"  Set {launch.key_variable} to your key in the environment that {client.title} is started in.")
    elif launch.key_variable:
        click.echo(
            f"  {client.title} hands no variables to servers, and this system has no keychain: install the bundle "
            "instead (flodesk-mcp.mcpb, see the README), for which it keeps the key itself."
        )
    return True


def _made(file: ConfigFile, change_of: Callable[[ConfigFile], Change], shown: str, yes: bool) -> bool:
    """Change a file, once the person agrees, and say what happened; return whether it is now as it should be."""
    click.secho(f"{file.client.title}: {file.path}", bold=True)
    try:
        change = change_of(file)
        if not change.needed:
            click.echo("  Nothing to do.")
            return True
        click.echo(shown or f"  The entry {NAME!r} goes.")
        if shown and change.replaces is not None:
            click.echo(f"  It takes the place of the entry {NAME!r} that is there.")
        if not (yes or click.confirm("  Write this?", default=True)):
            click.echo("  Left as it is.")
            return True
        backup = file.make(change)
    except NotValid as error:
        click.echo(f"  Left as it is: {error}.", err=True)
        return False
    except OSError as error:
        click.echo(f"  Left as it is: {error.strerror or error}.", err=True)
        return False
    click.echo("  Written." + (f" The file as it was: {backup.name}" if backup else ""))
    if backup and _holds_key(change.replaces):
        click.echo("  That one still holds the key that stood in the file: delete it once all works.")
    click.echo(f"  Now {file.client.restart}.")
    return True


def _show_all(files: list[ConfigFile], launch: Launch, remove: bool) -> None:
    for file in files:
        click.secho(f"{file.client.title}: {file.path}", bold=True)
        click.echo(f"  The entry {NAME!r} would go." if remove else _written(file.client.entry(launch)))


def _written(entry: Entry) -> str:
    lines = json.dumps({NAME: entry}, indent=2, ensure_ascii=False).splitlines()
    return "\n".join("  " + line for line in lines)


def _holds_key(entry: Entry | None) -> bool:
    """Tell whether somebody had written the key itself into an entry, and not the name of a variable."""
    held = [(entry or {}).get(part) for part in ("env", "envs")]
    return any(isinstance(part, dict) and "$" not in str(part.get(KEY, "$")) for part in held)
