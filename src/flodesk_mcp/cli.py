"""The commands."""

import logging
import os
import signal
import sys
from typing import Any, NoReturn

import click

from flodesk_mcp import __version__
from flodesk_mcp.settings import PREFIX, Settings, SettingsError, is_secret, load_settings

__all__ = ["cli"]


def _with_settings(command: Any) -> Any:
    """Give a command a flag for each setting that is no secret."""
    for name, field in reversed(Settings.model_fields.items()):
        if is_secret(name):
            continue
        flag = f"--{name.replace('_', '-')}"
        command = click.option(
            flag,
            name,
            default=None,
            is_flag=field.annotation is bool,
            metavar=None if field.annotation is bool else "VALUE",
            help=f"{field.description}.  [{PREFIX}{name.upper()}; default: {field.default}]",
        )(command)
    return command


def _secrets() -> str:
    lines = [
        f"{PREFIX}{name.upper()}: {Settings.model_fields[name].description}." for name in ("api_key", "access_token")
    ]
    return "\b\nSecrets are set in the environment only:\n" + "\n".join(lines)


@click.group(invoke_without_command=True, epilog=_secrets())
@click.version_option(__version__, message="%(prog)s %(version)s")
@_with_settings
@click.pass_context
def cli(context: click.Context, /, **flags: Any) -> None:
    """Give an AI agent your Flodesk account. Without a command: serve one MCP client over standard input and output."""
    try:
        context.obj = load_settings(**flags)
        if context.invoked_subcommand is None:
            _serve_stdio(context.obj)
    except SettingsError as error:
        _fail(str(error))


def _fail(sentence: str) -> NoReturn:
    click.echo(f"flodesk-mcp: {sentence}", err=True)
    raise SystemExit(2)


def _serve_stdio(settings: Settings) -> None:
    import anyio

    from flodesk_mcp.server import build_server, one_account

    settings.credential()
    settings.limits()
    _log_to_stderr(settings.log_level)
    for stop in (signal.SIGTERM, signal.SIGINT):
        # The thread that reads standard input cannot be woken, so an orderly end would wait for the client.
        signal.signal(stop, lambda *_: os._exit(0))
    if sys.stdin.isatty():
        click.echo("flodesk-mcp is waiting for an MCP client on standard input. Press Ctrl-C to stop.", err=True)
    anyio.run(build_server(lambda: one_account(settings)).run_stdio_async)


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
