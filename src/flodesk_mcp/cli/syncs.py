"""`flodesk-mcp sync`: make a segment hold the people of a list, or of a search."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.files import open_file
from flodesk_mcp.audience.operators import Match
from flodesk_mcp.cli.audience import condition_of, with_audience
from flodesk_mcp.cli.carrying_out import carry_out, carrying_out_options, columns_of, read_list
from flodesk_mcp.settings import Settings
from flodesk_mcp.tools.finding import check_not_probing

__all__ = ["sync"]


@click.command()
@click.argument("segment")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--where", multiple=True, metavar="CONDITION", help="Such as 'City is Bremen'; may be repeated.")
@click.option("--match", type=click.Choice(["all", "any"]), default="all", show_default=True)
@click.option("--remove-others", is_flag=True, help="Take everybody else out of the segment.")
@click.option(
    "--column", "columns", multiple=True, metavar="HEADING=FIELD", help="What a column holds, where that is not clear."
)
@carrying_out_options
@with_audience
async def sync(
    audience: Audience,
    settings: Settings,
    /,
    segment: str,
    file: Path | None,
    where: tuple[str, ...],
    match: Match,
    remove_others: bool,
    columns: tuple[str, ...],
    **options: Any,
) -> int:
    """Put the people of a FILE, or those who meet conditions, into the SEGMENT of that name or id.

    A report that an earlier sync wrote puts back what it did. Exit code 0: everybody was written or unchanged. 3: some
    were not. 1: it did not come to its end.
    """
    if (file is None) == (not where):
        raise click.UsageError("Give a FILE or --where, one of them.")
    masked = settings.personal_data == "masked"
    await read_list(audience)
    segment_id = await audience.flodesk.segments.names.id_of(segment)
    conditions = [condition_of(text) for text in where]
    if masked:
        check_not_probing(condition.field for condition in conditions)
    plan = await audience.plan_sync(
        segment_id,
        partial(open_file, file) if file else await audience.where(conditions, match),
        columns=columns_of(columns),
        remove_others=remove_others,
    )
    return await carry_out(audience, plan, masked=masked, **options)
