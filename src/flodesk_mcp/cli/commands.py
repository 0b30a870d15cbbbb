"""The group of all commands. Each is a module of its own, imported when it runs, so that the server starts fast."""

import sys
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

from flodesk_mcp import __version__
from flodesk_mcp.cli.flags import settings_flags
from flodesk_mcp.cli.stdio import serve_stdio, stray_output_on_stderr
from flodesk_mcp.settings import Settings, SettingsError, is_secret, load_settings, variable

__all__ = ["COMMANDS", "cli"]

COMMANDS = {
    "account": ("accounts", "Store Flodesk accounts for a hosted server."),
    "demo": ("demo", "Watch an agent's calls: a real server and client, on a sample account. Needs no key."),
    "doctor": ("doctor", "Check settings, network and credential with one small request."),
    "events": ("events", "See events of webhooks, and their deliveries; pass events on once more."),
    "export": ("export", "Take everybody on the list, or all who match, out into a file."),
    "grant": ("grants", "See and cut off the clients that people connected to a hosted server."),
    "highlevel": ("highlevel", "Take the daily numbers of HighLevel's social planner out as CSV."),
    "import": ("imports", "Bring in the people of a CSV, TSV, XLSX, JSON or JSONL file."),
    "jobs": ("jobs", "Look at exports and other long work, stop one, or finish what was interrupted."),
    "login": ("login", "Keep a credential in this computer's keychain, where the server finds it."),
    "logout": ("login", "Forget the credential in this computer's keychain."),
    "manifest": ("manifest", "Print every tool as JSON, as tool_manifest.json holds it."),
    "mirror": ("mirror", "Look at the copy of the list that searches work on, read it anew, or delete it."),
    "report": (
        "report",
        "Report on the audience: status, sign-ups, segments and overlaps.",
    ),
    "sandbox": ("sandbox", "Serve the embedded Flodesk over HTTP, to test an integration against it."),
    "search": ("search", "Find people who meet conditions."),
    "serve": ("serve", "Serve the same tools over HTTP, to many clients and accounts."),
    "setup": ("setup", "Connect the MCP clients of this computer; your key goes into its keychain."),
    "sync": ("syncs", "Put the people of a FILE, or those who meet conditions, into the SEGMENT."),
    "token": ("tokens", "Make and revoke the access tokens of a hosted server."),
    "webhook": ("webhooks", "Let Flodesk's webhooks post events to a hosted server."),
}
"""By name: the module that has a command of that name, and what the list of commands says of it."""


def _secrets() -> str:
    secrets = [
        f"{variable(name)}: {field.description}." for name, field in Settings.model_fields.items() if is_secret(field)
    ]
    return "\b\nSecrets are set in the environment only:\n" + "\n".join(secrets)


class _Commands(click.Group):
    """Ends with one line and exit code 2 when a setting is missing or contradictory."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            click.echo(f"flodesk-mcp: {error}", err=True)
            sys.exit(2)


class _Later(click.Command):
    """A command that is imported when it is run. What it needs may not be installed: hosting is an extra."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        module, _ = COMMANDS[str(self.name)]
        name = f"{self.name}_" if iskeyword(str(self.name)) else str(self.name)
        try:
            command: click.Command = getattr(import_module(f"flodesk_mcp.cli.{module}"), name)
        except ModuleNotFoundError as error:
            raise SettingsError(f"{self.name} needs {error.name}: install flodesk-mcp[hosted].") from error
        return command.make_context(info_name, args, parent, **extra)


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


for _name, (_, _help) in COMMANDS.items():
    cli.add_command(_Later(_name, help=_help))
