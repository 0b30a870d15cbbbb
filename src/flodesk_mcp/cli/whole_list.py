"""What the commands on the whole list share: the account that the settings name, and a bar while its list is read."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import anyio
import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from flodesk_mcp.audience.errors import AudienceError
from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.callers.single import single_caller
from flodesk_mcp.deadline import wait_deadline
from flodesk_mcp.flodesk import FlodeskError
from flodesk_mcp.server import operator_filter
from flodesk_mcp.settings import load_settings
from flodesk_mcp.tools.catalog import tool_named
from flodesk_mcp.tools.errors import explain

__all__ = ["on_whole_list", "read_list"]

PATIENCE_SECONDS = 86_400
"""Whoever runs a command sees how far it is, and can end it."""

T = TypeVar("T")


def on_whole_list(flags: Mapping[str, Any], tool: str, work: Callable[[Caller], Awaitable[T]]) -> T:
    """Return what `work` makes of the account that `flags` and the environment name; it does what `tool` does.

    Raises SettingsError, and ClickException with one line for whatever fails at Flodesk or here.
    """
    settings = load_settings(**flags)

    async def run() -> tuple[T | None, str]:
        async with single_caller(settings, operator_filter(settings)) as callers:
            caller = callers.caller(None)
            try:
                with wait_deadline(PATIENCE_SECONDS):
                    return await work(caller), ""
            except AudienceError as error:
                return None, str(error)
            except FlodeskError as error:
                return None, explain(caller, tool_named(tool), error)

    result, failure = anyio.run(run)
    if failure:
        raise click.ClickException(failure)
    return result  # type: ignore[return-value]  # None only where T is


async def read_list(caller: Caller, max_age_seconds: float) -> None:
    """Make the mirror no older than that; on a terminal, a bar shows how far it is.

    Raises FlodeskError, AudienceError.
    """
    columns = (TextColumn("Reading the list"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=None)
        await caller.audience.mirror.refresh(
            max_age_seconds, lambda done, total: bar.update(task, completed=done, total=total)
        )
