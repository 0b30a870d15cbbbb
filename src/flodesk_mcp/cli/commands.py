"""The commands. Each imports what it needs when it runs, so that the server starts fast."""

import sys
from typing import Any, NoReturn

import click

from flodesk_mcp import __version__
from flodesk_mcp.cli.flags import settings_flags
from flodesk_mcp.cli.stdio import serve_stdio, stray_output_on_stderr
from flodesk_mcp.settings import Settings, SettingsError, is_secret, load_settings, variable

__all__ = ["cli"]


def _secrets() -> str:
    secrets = [
        f"{variable(name)}: {field.description}." for name, field in Settings.model_fields.items() if is_secret(name)
    ]
    return "\b\nSecrets are set in the environment only:\n" + "\n".join(secrets)


class _Commands(click.Group):
    """Ends with one line and exit code 2 when a setting is missing or contradictory."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            _end(str(error), 2)


def _end(sentence: str, code: int) -> NoReturn:
    click.echo(f"flodesk-mcp: {sentence}", err=True)
    sys.exit(code)


class _Hosted(click.Command):
    """A command of the extra `hosted`, imported when it is run."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        try:
            from flodesk_mcp.cli.serve import COMMANDS
        except ModuleNotFoundError as error:
            raise SettingsError(f"{self.name} needs {error.name}: install flodesk-mcp[hosted].") from error
        return COMMANDS[str(self.name)].make_context(info_name, args, parent, **extra)


@click.group(cls=_Commands, invoke_without_command=True, epilog=_secrets())
@click.version_option(__version__, message="%(prog)s %(version)s")
@settings_flags(Settings)
@click.pass_context
def cli(context: click.Context, /, **flags: Any) -> None:
    """Give an AI agent your Flodesk account. Without a command: serve one MCP client over standard input and output."""
    context.obj = flags
    if context.invoked_subcommand is None:
        with stray_output_on_stderr():
            settings = load_settings(**flags)
        serve_stdio(settings)


@cli.command()
@click.option("--svg", type=click.Path(dir_okay=False, writable=True), hidden=True)
def demo(svg: str | None) -> None:
    """Watch an agent's calls: a real server and client, on a sample account. Needs no key."""
    from flodesk_mcp.cli.demo import run_demo

    run_demo(svg)


@cli.command()
@click.pass_obj
def doctor(flags: dict[str, Any]) -> None:
    """Check settings, network and credential with one small request."""
    from flodesk_mcp.cli.doctor import examine

    sys.exit(0 if examine(load_settings(**flags)) else 1)


@cli.command()
def manifest() -> None:
    """Print every tool as JSON, as tool_manifest.json holds it."""
    from flodesk_mcp.cli.manifest import manifest_text

    click.echo(manifest_text(), nl=False)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 picks a free one."
)
def sandbox(host: str, port: int) -> None:
    """Serve the embedded Flodesk over HTTP, to test an integration against it."""
    from flodesk_mcp.sandbox.serving import serve_sandbox

    try:
        serve_sandbox(host, port, click.echo)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        _end(f"Cannot listen on {host}, port {port}: {reason}. Choose another with --host or --port.", 1)


cli.add_command(_Hosted("serve", short_help="Serve the same tools over HTTP, to many clients and accounts."))
cli.add_command(_Hosted("account", short_help="Store Flodesk accounts for a hosted server."))
cli.add_command(_Hosted("token", short_help="Make and revoke the access tokens of a hosted server."))
