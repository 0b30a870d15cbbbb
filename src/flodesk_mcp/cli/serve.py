"""`flodesk-mcp serve`: the hosted server."""

import gc
from collections.abc import Mapping
from typing import Any

import anyio
import click

from flodesk_mcp.cli.flags import settings_flags
from flodesk_mcp.cli.stdio import without_gc
from flodesk_mcp.cli.store import open_store
from flodesk_mcp.settings import SettingsError, load_settings
from flodesk_mcp.web.settings import HostedSettings

__all__ = ["serve"]

OBJECTS = 10_000
"""So many new ones, and garbage is searched for. Usually it would be after 700, which is in the middle of a call."""


@click.command()
@settings_flags(HostedSettings)
@click.pass_obj
def serve(before: Mapping[str, Any], /, **flags: Any) -> None:
    """Serve the same tools over HTTP, to many clients and accounts."""
    with without_gc():
        from flodesk_mcp.store import StoreError
        from flodesk_mcp.web.app import create_app
        from flodesk_mcp.web.uvicorn import run

    given = {name: value for name, value in flags.items() if value is not None}
    settings = load_settings(HostedSettings, **{**before, **given})
    settings.check()
    if settings.keeps_state:
        anyio.run(_open_store_once, settings)
    try:
        with without_gc():
            app = create_app(settings)
    except StoreError as error:
        raise SettingsError(str(error)) from error
    gc.set_threshold(OBJECTS, *gc.get_threshold()[1:])
    click.echo(f"flodesk-mcp listens on http://{settings.host}:{settings.port}/mcp. Press Ctrl-C to stop.", err=True)
    run(app, settings.host, settings.port, settings.trusted_proxies)


async def _open_store_once(settings: HostedSettings) -> None:
    """Do it before uvicorn does, which would report a failure with a traceback."""
    async with open_store(settings) as store:
        await store.accounts.check()
