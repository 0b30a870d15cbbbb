"""`flodesk-mcp highlevel`: what HighLevel tells, for spreadsheets."""

import csv
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import anyio
import click

from flodesk_mcp.audience.errors import FileRefused
from flodesk_mcp.callers.clients import open_connections
from flodesk_mcp.callers.providers import providers_of_settings, quota_in_process
from flodesk_mcp.callers.single import machine_provider_quota
from flodesk_mcp.flodesk import FlodeskClient, FlodeskError, NoCredential
from flodesk_mcp.highlevel.adapter import HighLevelAdapter
from flodesk_mcp.highlevel.daily import HEADINGS, daily_lines
from flodesk_mcp.highlevel.social import Statistics
from flodesk_mcp.settings import Settings, load_settings

__all__ = ["highlevel"]

PRIVATE = 0o600


@click.group()
def highlevel() -> None:
    """Take the daily numbers of HighLevel's social planner out as CSV."""


@highlevel.command()
@click.option("--profile", "profiles", multiple=True, required=True, metavar="ID", help="Social account; may repeat.")
@click.option("--platform", "platforms", multiple=True, metavar="NAME", help="Such as instagram; default all.")
@click.option(
    "--file", type=click.Path(path_type=Path), metavar="PATH", help="CSV file that grows by the lines of each day."
)
@click.pass_obj
def statistics(
    flags: Mapping[str, Any], profiles: tuple[str, ...], platforms: tuple[str, ...], file: Path | None
) -> None:
    """Write the last seven days of social accounts as CSV, meant to run once a day.

    Without --file the lines are printed. A file gets those of a day once, however often this runs.
    """
    settings = load_settings(**flags)
    today = datetime.now(UTC).date()
    try:
        if file is not None and _has_lines_of(file, today):
            click.echo(f"{file} has the lines of {today} already.")
            return
        told = anyio.run(_asked, settings, profiles, platforms)
        lines = list(daily_lines(told, today))
        if file is None:
            click.echo(_as_csv([HEADINGS, *lines]), nl=False)
        else:
            _append(file, lines)
            click.echo(f"{len(lines)} lines of {today} added to {file}.")
    except (FlodeskError, OSError) as error:
        click.echo(f"flodesk-mcp: {error}", err=True)
        sys.exit(1)


async def _asked(settings: Settings, profiles: Sequence[str], platforms: Sequence[str]) -> Statistics:
    async with open_connections(settings) as http:
        open_quota = quota_in_process if settings.sandbox else partial(machine_provider_quota, settings)
        there = providers_of_settings(settings, _no_flodesk, lambda: http, open_quota).get(HighLevelAdapter.id)
        if not isinstance(there, HighLevelAdapter):
            raise NoCredential("HighLevel is not set up here.")
        return await there.social.statistics(profiles, platforms or None)


def _no_flodesk() -> FlodeskClient:
    raise NoCredential("This command asks HighLevel alone.")


def _has_lines_of(file: Path, day: date) -> bool:
    """Tell whether a file that an earlier day wrote has the lines of `day`. Raises FileRefused for another file."""
    if not file.exists():
        return False
    with file.open(encoding="utf-8", newline="") as text:
        rows = csv.reader(text)
        if tuple(next(rows, ())) != HEADINGS:
            raise FileRefused(f"{str(file)!r} is no file of this command, and is not changed: give another name.")
        return any(row[:1] == [day.isoformat()] for row in rows)


def _append(file: Path, lines: Sequence[tuple[str, ...]]) -> None:
    new = not file.exists()
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as text:
        text.write(_as_csv([HEADINGS, *lines] if new else lines))


def _as_csv(lines: Sequence[Sequence[str]]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()
