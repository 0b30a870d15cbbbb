"""`flodesk-mcp search`: find people among everybody on the list."""

import json
from typing import Any

import click

from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.columns import FIELDS
from flodesk_mcp.audience.operators import Match
from flodesk_mcp.audience.upkeep import FRESH_SECONDS
from flodesk_mcp.cli.audience import condition_of, with_audience
from flodesk_mcp.cli.reading import reading_bar
from flodesk_mcp.settings import Settings
from flodesk_mcp.tools.compact import compact
from flodesk_mcp.tools.finding import check_not_probing, find
from flodesk_mcp.tools.list_arguments import ConditionRow

__all__ = ["search"]

SHOWN = ("email", "first_name", "last_name", "status", "created_at")
DATE = len("2026-05-31")


@click.command()
@click.argument("conditions", nargs=-1, metavar="[CONDITION]...")
@click.option("--match", type=click.Choice(["all", "any"]), default="all", show_default=True)
@click.option("--fields", metavar="NAMES", help="Only these, separated by commas; default a table of the most usual.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@click.option("--next-cursor", metavar="CURSOR", help="From the page before.")
@click.option("--refresh", is_flag=True, help="Read the list anew first.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@with_audience
async def search(
    audience: Audience,
    settings: Settings,
    conditions: tuple[str, ...],
    match: Match,
    fields: str | None,
    limit: int,
    next_cursor: str | None,
    refresh: bool,
    as_json: bool,
) -> int:
    """Find people who meet conditions such as 'first_name is_empty' or 'Favourite flower is dahlia'.

    Works on a copy of the list, which is read the first time and refreshed when it is older than five minutes.
    """
    asked = [condition_of(text) for text in conditions]
    masked = settings.personal_data == "masked"
    if masked:
        check_not_probing(condition.field for condition in asked)
    with reading_bar() as progress:
        await audience.mirror.refresh(0 if refresh else FRESH_SECONDS, progress, whole=refresh)
    rows = [ConditionRow(field=one.field, operator=one.operator, value=one.value) for one in asked]
    wanted = _names(fields)
    found = await find(audience, rows, match, wanted, limit, next_cursor, refresh=False, masked=masked)
    page = compact(found, {}, masked)
    if as_json:
        click.echo(json.dumps(page, ensure_ascii=False, indent=2))
    else:
        _show(page, wanted or SHOWN)
    return 0


def _names(fields: str | None) -> list[str] | None:
    """Return the fields that are wanted. Raises click.UsageError for one that there is not."""
    names = [name.strip() for name in (fields or "").split(",") if name.strip()]
    for name in names:
        if name not in FIELDS:
            raise click.UsageError(f"There is no field {name!r}. Valid: {', '.join(FIELDS)}.")
    return names or None


def _show(page: dict[str, Any], columns: list[str] | tuple[str, ...]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if page["result"]:
        table = Table(*columns, box=None)
        for person in page["result"]:
            table.add_row(*(Text(_cell(person.get(column), column)) for column in columns))  # not as markup
        console.print(table)
    click.echo(f"{len(page['result']):,} of {page['total_items']:,} people, as of {page['as_of']}")
    if cursor := page.get("next_cursor"):
        click.echo(f"More: --next-cursor {cursor}")


def _cell(value: Any, column: str) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {text}" for key, text in value.items())
    return str(value or "")[: DATE if column == "created_at" else None]
