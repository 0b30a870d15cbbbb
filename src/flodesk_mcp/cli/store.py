"""What the commands on accounts and tokens share: what is stored, open for one of them, and the audit of it."""

import getpass
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import anyio
import click

from flodesk_mcp.observability.audit import record
from flodesk_mcp.observability.logging import log_to_stderr
from flodesk_mcp.settings import SettingsError, load_settings
from flodesk_mcp.store import Store, StoreError
from flodesk_mcp.web.settings import HostedSettings

__all__ = ["OWN_FLAGS", "OpenStore", "date", "keep_flags", "open_store", "with_store"]

OWN_FLAGS = ("database_url", "oauth_issuer")

Arguments = ParamSpec("Arguments")


class OpenStore(Store):
    """What is stored, and the settings that it was found by."""

    def __init__(self, settings: HostedSettings) -> None:
        super().__init__(settings.database_address, settings.encryption_keys)
        self.settings = settings

    def record(self, command: str, target: str) -> None:
        """Write the line of the audit for a command that changed what is stored."""
        log_to_stderr(self.settings.log_level, self.settings.log_format)
        record(
            "%(who)s ran %(command)s on %(target)s: %(outcome)s",
            who=f"{_operator()} at the command line",
            command=command,
            target=target,
            outcome="done",
        )


def _operator() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user has no name
        return f"user {os.getuid()}"


@asynccontextmanager
async def open_store(settings: HostedSettings) -> AsyncIterator[OpenStore]:
    """Open what is stored where `settings` say.

    Raises SettingsError with one line for whatever cannot be done with it.
    """
    try:
        async with OpenStore(settings) as store:
            yield store
    except StoreError as error:
        raise SettingsError(str(error)) from error


def with_store(
    work: Callable[Concatenate[OpenStore, Arguments], Coroutine[Any, Any, None]],
) -> Callable[Arguments, None]:
    """Make `work` the function of a click command: it gets what is stored before its own arguments."""

    @click.pass_obj
    @wraps(work)
    def command(flags: Mapping[str, Any], /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        settings = load_settings(HostedSettings, **flags)

        async def run() -> None:
            async with open_store(settings) as store:
                await work(store, *args, **kwargs)

        anyio.run(run)

    return command


def keep_flags(context: click.Context, flags: Mapping[str, Any]) -> None:
    """Keep the flags of a group of commands for each of them, before those that stand further left."""
    context.obj = {**context.obj, **{name: value for name, value in flags.items() if value is not None}}


def date(seconds: int | None) -> str:
    """Return a moment as a person reads it, in UTC."""
    return "-" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
