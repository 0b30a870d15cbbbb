"""`flodesk-mcp import`: bring a list of people in."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.files import open_file
from flodesk_mcp.cli.audience import with_audience
from flodesk_mcp.cli.carrying_out import carry_out, carrying_out_options, columns_of, read_list
from flodesk_mcp.settings import Settings

__all__ = ["import_"]


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--segment", "segments", multiple=True, metavar="NAME", help="Everybody joins it; may be repeated.")
@click.option(
    "--column", "columns", multiple=True, metavar="HEADING=FIELD", help="What a column holds, where that is not clear."
)
@click.option("--double-optin", is_flag=True, help="New people confirm by mail first.")
@click.option("--create-missing-fields", is_flag=True, help="Create fields and segments for what has none.")
@carrying_out_options
@with_audience
async def import_(
    audience: Audience,
    settings: Settings,
    /,
    file: Path,
    segments: tuple[str, ...],
    columns: tuple[str, ...],
    double_optin: bool,
    create_missing_fields: bool,
    **options: Any,
) -> int:
    """Bring in the people of a CSV, TSV, XLSX, JSON or JSONL file: an export of another service, or a list of your own.

    Exit code 0: every row was written or unchanged. 3: some were not. 1: it did not come to its end.
    """
    await read_list(audience)
    plan = await audience.plan_import(
        partial(open_file, file),
        segments=segments,
        columns=columns_of(columns),
        double_optin=double_optin,
        create_missing_fields=create_missing_fields,
    )
    return await carry_out(audience, plan, masked=settings.personal_data == "masked", **options)
