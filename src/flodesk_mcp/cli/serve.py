"""The commands of hosting: `serve`, and those that look after accounts and tokens."""

from collections.abc import Mapping
from typing import Any

import click

from flodesk_mcp.cli.accounts import account
from flodesk_mcp.cli.flags import settings_flags
from flodesk_mcp.cli.tokens import token
from flodesk_mcp.settings import SettingsError, load_settings
from flodesk_mcp.web.settings import HostedSettings

__all__ = ["COMMANDS"]


@click.command()
@settings_flags(HostedSettings)
@click.pass_obj
def serve(before: Mapping[str, Any], /, **flags: Any) -> None:
    """Serve the same tools over HTTP, to many clients and accounts."""
    import anyio

    from flodesk_mcp.store import StoreError
    from flodesk_mcp.web.app import create_app
    from flodesk_mcp.web.auth.authentication import Authentication
    from flodesk_mcp.web.uvicorn import run

    settings = load_settings(HostedSettings, **{**before, **_given(flags)})
    settings.check()
    try:
        anyio.run(_try_entrance, Authentication(settings))
        app = create_app(settings)
    except StoreError as error:
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
