"""`flodesk-mcp export`: take people out into a file, and see whether such a file is what it was."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import click

from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.columns import FIELDS
from flodesk_mcp.audience.errors import FileRefused
from flodesk_mcp.audience.export import OPEN_FIELDS, ExportOrder
from flodesk_mcp.audience.manifest import manifest_path, verified
from flodesk_mcp.audience.operators import Match
from flodesk_mcp.cli.audience import condition_of, followed, with_audience
from flodesk_mcp.settings import Settings
from flodesk_mcp.tools.finding import check_not_probing
from flodesk_mcp.tools.job_reports import reported

__all__ = ["export"]


@click.group(invoke_without_command=True)
@click.option("--format", "file_format", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option("--file", metavar="PATH", help="A new file; by default subscribers-DATE in this folder.")
@click.option("--where", multiple=True, metavar="CONDITION", help="Such as 'status is active'; may be repeated.")
@click.option("--match", type=click.Choice(["all", "any"]), default="all", show_default=True)
@click.option("--fields", metavar="NAMES", help=f"Only these, separated by commas: {', '.join(FIELDS)}.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.pass_context
def export(context: click.Context, /, **options: Any) -> None:
    """Take everybody on the list, or all who match, out into a file, with a manifest beside it."""
    if context.invoked_subcommand is None:
        context.invoke(_export, **options)


@click.command()
@with_audience
async def _export(
    audience: Audience,
    settings: Settings,
    file_format: Literal["csv", "jsonl"],
    file: str | None,
    where: tuple[str, ...],
    match: Match,
    fields: str | None,
    as_json: bool,
) -> int:
    masked = settings.personal_data == "masked"
    conditions = [condition_of(text) for text in where]
    if masked:
        check_not_probing(condition.field for condition in conditions)
    path = _new_file(file, file_format)
    order = ExportOrder(
        file_format=file_format,
        where=conditions,
        match=match,
        fields=_fields(fields, OPEN_FIELDS if masked else FIELDS),
        file=str(path),
        masked=masked,
    )
    begun = await audience.export(order)
    job = await followed(audience, begun.id)
    if as_json:
        click.echo(json.dumps(reported(job).model_dump(exclude_none=True), ensure_ascii=False, indent=2))
    elif job.state == "done":
        click.echo(f"{job.written:,} people in {path}, with {manifest_path(path).name} beside it.")
    else:
        click.echo(f"The export {job.state}: {job.problem or ''}", err=True)
    return 0 if job.state == "done" else 1


@export.command()
@click.argument("file", type=click.Path(path_type=Path))
def verify(file: Path) -> None:
    """See whether an exported file is what its manifest says."""
    try:
        manifest = verified(file)
    except (FileRefused, OSError) as error:
        words = error if isinstance(error, FileRefused) else f"It cannot be read ({error.strerror})."
        click.echo(f"{file}: {words}", err=True)
        sys.exit(1)
    click.echo(f"{file} is what was exported at {manifest['made_at']}: {manifest['rows']:,} people.")


def _new_file(name: str | None, file_format: str) -> Path:
    """Return the path of a file that does not exist yet. Raises FileRefused."""
    now = datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S")
    path = Path(name or f"subscribers-{now}.{file_format}").expanduser().resolve()
    for taken in (path, manifest_path(path)):
        if taken.exists():
            raise FileRefused(f"{str(taken)!r} exists, and no file is overwritten: give another name.")
    if not path.parent.is_dir():
        raise FileRefused(f"There is no folder {str(path.parent)!r}.")
    return path


def _fields(names: str | None, there: tuple[str, ...]) -> list[str]:
    """Return the fields that are wanted, and the id always. Raises click.UsageError for one that there is not."""
    wanted = [name.strip() for name in names.split(",") if name.strip()] if names else list(there)
    for name in wanted:
        if name not in there:
            raise click.UsageError(f"There is no field {name!r} to take out. Valid: {', '.join(there)}.")
    return [name for name in there if name == "id" or name in wanted]
