"""`flodesk-mcp jobs`: look at the jobs of the account, stop one, or finish them without a client."""

import json
from typing import Any

import click

from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.job import Job
from flodesk_mcp.cli.audience import followed, moment, with_audience
from flodesk_mcp.settings import Settings
from flodesk_mcp.tools.job_reports import reported

__all__ = ["jobs"]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group()
def jobs() -> None:
    """Look at exports and other long work, stop one, or finish what was interrupted."""


@jobs.command("list")
@as_json
@with_audience
async def list_jobs(audience: Audience, settings: Settings, as_json: bool) -> int:
    """Show the latest jobs, the newest first."""
    latest = await audience.jobs.latest()
    if as_json:
        click.echo(_json([_plain(job) for job in latest]))
    elif latest:
        _table(latest)
    else:
        click.echo("No jobs.")
    return 0


@jobs.command()
@click.argument("id")
@as_json
@with_audience
async def show(audience: Audience, settings: Settings, id: str, as_json: bool) -> int:
    """Show a job: how far it is, what went wrong, and where its result is."""
    job = await audience.jobs.get(id)
    if as_json:
        click.echo(_json(_plain(job)))
        return 0
    _say(job)
    for row in await audience.jobs.problems(id):
        click.echo(f"  row {row.row}: {row.outcome} {row.email or ''} {row.reason or ''}".rstrip())
    return 0


@jobs.command()
@click.argument("id")
@with_audience
async def cancel(audience: Audience, settings: Settings, id: str) -> int:
    """Stop a job; it ends after the batch under way."""
    _say(await audience.jobs.cancel(id))
    return 0


@jobs.command()
@as_json
@with_audience
async def run(audience: Audience, settings: Settings, as_json: bool) -> int:
    """Finish every job that waits, was interrupted or has failed. Each goes on where it stopped."""
    ended = [await followed(audience, left) for left in await audience.jobs.restart()]
    if as_json:
        click.echo(_json([_plain(job) for job in ended]))
    else:
        for job in ended:
            _say(job)
        if not ended:
            click.echo("Nothing is left to do.")
    return 0 if all(job.state in {"done", "cancelled"} for job in ended) else 1


def _say(job: Job) -> None:
    """Print a job in a line or two."""
    rows = "" if job.rows is None else f", {job.written:,} of {job.rows:,} rows"
    failed = "".join(
        f", {number:,} {name}" for name, number in (("failed", job.failed), ("skipped", job.skipped)) if number
    )
    click.echo(f"{job.id}  {job.kind}  {job.state}{rows}{failed}")
    if job.problem:
        click.echo(f"  {job.problem}")
    if job.stopping and not job.has_ended:
        click.echo("  It ends after the batch under way.")
    if result := reported(job).result:
        click.echo(f"  {result.file or result.uri}")


def _table(latest: list[Job]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("id", "kind", "state", "began", "rows", "written", "ends about", box=None)
    for job in latest:
        rows = "" if job.rows is None else f"{job.rows:,}"
        ends = moment(job.ends_about) if not job.has_ended else ""
        table.add_row(job.id, job.kind, job.state, moment(job.began_at), rows, f"{job.written:,}", ends)
    Console(highlight=False).print(table)


def _plain(job: Job) -> dict[str, Any]:
    return reported(job).model_dump(exclude_none=True)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
