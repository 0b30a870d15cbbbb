"""`flodesk-mcp report`: the whole audience in numbers, for people: as tables, as JSON, or as a page with pictures."""

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from pydantic_core import to_json
from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.report import Report
from flodesk_mcp.audience.report_page import report_page
from flodesk_mcp.audience.upkeep import FRESH_SECONDS
from flodesk_mcp.cli.audience import with_audience
from flodesk_mcp.cli.reading import reading_bar
from flodesk_mcp.settings import Settings
from flodesk_mcp.tools.compact import compact

__all__ = ["report"]

PRIVATE_FILE = 0o600
BAR = 20


@click.command()
@click.option("--segment", metavar="NAME", help="Only people in this segment, by its name or id.")
@click.option("--days", type=click.IntRange(1, 730), default=90, show_default=True, help="Sign-ups of so many days.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it as one page with pictures into this new file.",
)
@with_audience
async def report(
    audience: Audience, settings: Settings, segment: str | None, days: int, as_json: bool, html: Path | None
) -> int:
    """Report on the audience: status, sign-ups, segments and overlaps, addresses that look mistyped, likely twins."""
    _check_new(html)
    masked = settings.personal_data == "masked"
    with reading_bar() as progress:
        await audience.mirror.refresh(FRESH_SECONDS, progress)
    segment_id = await audience.flodesk.segments.names.id_of(segment) if segment else None
    made = await audience.report(segment_id, days)
    found = compact(made.without_addresses() if masked else made, {}, masked)
    if html is not None:
        _write(html, report_page(Report.model_validate(found)))
        click.echo(f"Written: {html}", err=True)
    if as_json:
        click.echo(to_json(found, indent=2))
    elif html is None:
        _show(Report.model_validate(found))
    return 0


def _check_new(path: Path | None) -> None:
    """Raise FileExistsError before anything is read for a page that could not be written."""
    if path is not None and path.exists():
        raise FileExistsError(f"{path} exists: name a new file.")


def _write(path: Path, page: str) -> None:
    """Write a new file that this user alone may read: it can hold addresses."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "w", encoding="utf-8") as file:
        file.write(page)


def _show(found: Report) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a pipe's encoding may lack the bars
    console = Console(highlight=False, markup=False, emoji=False)
    console.print(Text(f"Audience: {found.segment}" if found.segment else "Audience", style="bold"))
    console.print(Text(f"As of {found.as_of}", style="dim"))
    for words, number in _facts(found):
        console.print(Text.assemble((f"{number:>9} ", "bold"), words))
    console.print(Padding(Text(found.left.notice, style="dim"), (0, 0, 0, 10)))
    for table in _tables(found):
        console.print()
        console.print(table)


def _facts(found: Report) -> list[tuple[str, str]]:
    facts = [
        ("people, of every status", f"{found.people:,}"),
        ("active: they get mail", f"{found.statuses.get('active', 0):,}"),
        (f"signed up since {found.joined.since[:10]}", f"{found.joined.people:,}"),
    ]
    if found.left.people is not None:
        facts.append((f"stopped being active since {str(found.left.after)[:10]}", f"{found.left.people:,}"))
    if found.left.change is not None:
        facts.append((f"people more since {str(found.left.after)[:10]}", f"{found.left.change:+,}"))
    return facts


def _tables(found: Report) -> list[Table]:
    weeks = found.joined.weeks
    tables = [
        _table(
            "Sign-ups by week",
            ("week of", "#people", ""),
            [(w, n, _bar(n, max(weeks.values()))) for w, n in weeks.items()],
        ),
        _table("Status", ("status", "#people", ""), [(s, n, _bar(n, found.people)) for s, n in found.statuses.items()]),
        _table(
            "How people came",
            ("source", "#people", ""),
            [(s, n, _bar(n, found.people)) for s, n in found.sources.items()],
        ),
        _segments(found),
        _table(
            "Largest overlaps, of active people",
            ("segment", "segment", "#both", "#of the smaller"),
            [(*o.segments, o.shared, f"{o.percent} %") for o in found.overlaps],
        ),
        _table(
            "Custom fields",
            ("field", "#filled", ""),
            [(f.field, f.filled, _bar(f.filled, found.people)) for f in found.custom_fields],
            found.more_custom_fields,
        ),
        _table(
            f"Addresses that look mistyped: {found.mistyped_people:,}",
            ("ends in", "perhaps", "#people", "for example"),
            [(m.ending, m.meant, m.people, m.example or "") for m in found.mistyped],
            found.more_mistyped,
        ),
        _table(
            f"People who may be on the list twice: {found.twin_groups:,} groups",
            ("addresses", "because of"),
            [("\n".join(t.email or t.id for t in group.people), group.reason) for group in found.twins],
            found.twin_groups - len(found.twins),
        ),
    ]
    return [table for table in tables if table.row_count]


def _segments(found: Report) -> Table:
    changes = any(size.change is not None for size in found.segments)
    most = max((size.active for size in found.segments), default=0)
    rows = [
        (
            *(size.segment, size.people, size.active, size.joined),
            *([_signed(size.change)] if changes else []),
            _bar(size.active, most),
        )
        for size in found.segments
    ]
    head = ("segment", "#people", "#active", "#new", *(["#change"] if changes else []), "")
    return _table("Segments", head, rows, found.more_segments)


def _table(title: str, head: tuple[str, ...], rows: Sequence[tuple[object, ...]], more: int | None = None) -> Table:
    caption = f"and {more:,} more" if more else None
    table = Table(title=title, title_justify="left", caption=caption, caption_justify="left", box=SIMPLE_HEAD)
    for name in head:
        justify: JustifyMethod = "right" if name.startswith("#") else "left"
        table.add_column(name.lstrip("#"), justify=justify, overflow="fold", no_wrap=not name)
    for row in rows:
        table.add_row(*(Text(f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in row))
    return table


def _bar(part: int, whole: int) -> str:
    return "█" * round(part / whole * BAR) if whole else ""


def _signed(change: int | None) -> str:
    return "" if change is None else f"{change:+,}"
