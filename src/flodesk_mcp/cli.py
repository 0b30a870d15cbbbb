"""The commands."""

import logging
import os
import signal
import sys
from typing import Any, NoReturn

import click

from flodesk_mcp import __version__
from flodesk_mcp.flags import settings_flags
from flodesk_mcp.settings import PREFIX, Settings, SettingsError, load_settings

__all__ = ["cli"]


def _secrets() -> str:
    lines = [
        f"{PREFIX}{name.upper()}: {Settings.model_fields[name].description}." for name in ("api_key", "access_token")
    ]
    return "\b\nSecrets are set in the environment only:\n" + "\n".join(lines)


HOSTED_COMMANDS = ("serve", "account", "token")


class _Commands(click.Group):
    """Ends with one line and exit code 2 on a wrong setting, and imports what hosting needs for its commands alone."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            _fail(str(error))

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *HOSTED_COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in HOSTED_COMMANDS:
            return super().get_command(ctx, cmd_name)
        try:
            from flodesk_mcp.hosted import commands
        except ModuleNotFoundError as error:
            return _missing(cmd_name, str(error.name))
        return commands.COMMANDS[cmd_name]


def _missing(name: str, package: str) -> click.Command:
    def refuse(**_: Any) -> None:
        raise SettingsError(f"{name} needs {package}: install flodesk-mcp[hosted].")

    lenient = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(name, callback=refuse, context_settings=lenient, help="Needs flodesk-mcp[hosted].")


@click.group(cls=_Commands, invoke_without_command=True, epilog=_secrets())
@click.version_option(__version__, message="%(prog)s %(version)s")
@settings_flags(Settings)
@click.pass_context
def cli(context: click.Context, /, **flags: Any) -> None:
    """Give an AI agent your Flodesk account. Without a command: serve one MCP client over standard input and output."""
    context.obj = flags
    if context.invoked_subcommand is None:
        _serve_stdio(load_settings(**flags))


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
