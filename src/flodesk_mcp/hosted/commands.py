"""The commands of hosting: `serve`, and those that look after accounts and tokens."""

from collections.abc import Mapping
from typing import Any

import click

from flodesk_mcp.flags import settings_flags
from flodesk_mcp.hosted.account_commands import account
from flodesk_mcp.hosted.settings import HostedSettings
from flodesk_mcp.hosted.token_commands import token
from flodesk_mcp.settings import SettingsError, load_settings

__all__ = ["COMMANDS"]


@click.command()
@settings_flags(HostedSettings)
@click.pass_obj
def serve(before: Mapping[str, Any], /, **flags: Any) -> None:
    """Serve the same tools over HTTP, to many clients and accounts."""
    import anyio

    from flodesk_mcp.hosted.app import create_app
    from flodesk_mcp.hosted.entrance import Entrance
    from flodesk_mcp.hosted.serving import run
    from flodesk_mcp.state import StateError

    settings = load_settings(HostedSettings, **{**before, **_given(flags)})
    settings.check()
    try:
        anyio.run(_try_entrance, Entrance(settings))
        app = create_app(settings)
    except StateError as error:
        raise SettingsError(str(error)) from error
    click.echo(f"flodesk-mcp listens on http://{settings.host}:{settings.port}/mcp. Press Ctrl-C to stop.", err=True)
    run(app, settings.host, settings.port)


async def _try_entrance(entrance: Any) -> None:
    """Open the database once before uvicorn does, which would report a failure with a traceback."""
    async with entrance.open():
        pass


def _given(flags: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None}


COMMANDS: Mapping[str, click.Command] = {"serve": serve, "account": account, "token": token}
