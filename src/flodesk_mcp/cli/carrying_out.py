"""What the commands that write many people share: a plan is shown, somebody agrees, and a bar follows the job."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import click

from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.errors import FileRefused
from flodesk_mcp.audience.import_plan import IMPORT
from flodesk_mcp.audience.job import Job
from flodesk_mcp.audience.job_report import whole_report
from flodesk_mcp.audience.plan import Plan
from flodesk_mcp.audience.upkeep import FRESH_SECONDS
from flodesk_mcp.cli.audience import followed
from flodesk_mcp.cli.reading import reading_bar
from flodesk_mcp.tools.compact import compact
from flodesk_mcp.tools.job_reports import reported
from flodesk_mcp.tools.plans import ImportPlan, SyncPlan, plan_report, question_about

__all__ = ["SOME_WERE_NOT", "carry_out", "carrying_out_options", "columns_of", "read_list"]

SOME_WERE_NOT = 3
"""The exit code where rows were neither written nor unchanged."""

PRIVATE_FILE = 0o600
NUMBERS = {
    "rows": "rows",
    "will_write": "people to write",
    "new": "of them new",
    "to_add": "people to add",
    "to_remove": "people to remove",
    "unchanged": "unchanged",
    "stays_unsubscribed": "get no mail, and are left alone",
    "duplicates": "rows of somebody who comes again",
    "invalid": "rows that cannot be used",
    "requests": "requests",
    "minutes": "minutes, about",
}

_OPTIONS = (
    click.option("--dry-run", is_flag=True, help="Show the plan, and change nothing."),
    click.option("--yes", is_flag=True, help="Carry the plan out without asking."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs."),
    click.option(
        "--report",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write what became of every row into this new CSV file.",
    ),
)


def carrying_out_options(command: Any) -> Any:
    """Give a command the options that `carry_out` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def columns_of(given: Sequence[str]) -> dict[str, str]:
    """Return what HEADING=FIELD says of columns. Raises click.UsageError."""
    columns = {}
    for text in given:
        heading, equals, field = text.rpartition("=")
        if not (equals and heading.strip() and field.strip()):
            raise click.UsageError(f"{text!r} does not say what a column holds: write 'HEADING=FIELD'.")
        columns[heading.strip()] = field.strip()
    return columns


async def read_list(audience: Audience) -> None:
    """Read the list of the account, if it is not fresh, while a bar shows how far it is. Raises FlodeskError."""
    with reading_bar() as progress:
        await audience.mirror.refresh(FRESH_SECONDS, progress)


async def carry_out(
    audience: Audience, plan: Plan, *, masked: bool, dry_run: bool, yes: bool, as_json: bool, report: Path | None
) -> int:
    """Show a plan, carry it out if somebody agrees, and return the exit code. Raises AudienceError, OSError."""
    _check_new(report)
    shown = compact(_model(plan), {}, masked)
    if not as_json:
        _show(shown)
    if dry_run:
        if as_json:
            _print({"plan": shown})
        return SOME_WERE_NOT if _left_out(shown) else 0
    if not (yes or _agrees(plan)):
        click.echo("Nothing was changed.", err=True)
        return 1
    job = await followed(audience, (await audience.carry_out(plan.id)).id)
    if report is not None:
        with _new_file(report) as file:
            async for lines in whole_report(audience.jobs, job.id):
                file.write(lines)
    if as_json:
        _print({"plan": shown, "job": compact(reported(job), {}, masked)})
    else:
        await _tell(audience, job, masked=masked)
    if job.state != "done":
        return 1
    return SOME_WERE_NOT if job.failed or job.skipped else 0


def _model(plan: Plan) -> ImportPlan | SyncPlan:
    return (ImportPlan if plan.kind == IMPORT else SyncPlan)(**plan_report(plan))


def _agrees(plan: Plan) -> bool:
    if not sys.stdin.isatty():
        click.echo("Nobody can be asked here: add --yes to carry the plan out, or --dry-run to look only.", err=True)
        return False
    return click.confirm(question_about(plan), err=True)


def _left_out(shown: dict[str, Any]) -> int:
    return sum(shown.get(name, 0) for name in ("invalid", "duplicates", "stays_unsubscribed"))


def _show(shown: dict[str, Any]) -> None:
    for name, words in NUMBERS.items():
        if name in shown:
            click.echo(f"{shown[name]:>9,} {words}")
    for name, words in (("segments_to_create", "New segments"), ("fields_to_create", "New custom fields")):
        if name in shown:
            click.echo(f"{words}: {', '.join(shown[name])}")
    if "columns" in shown:
        click.echo("Columns: " + ", ".join(f"{column} → {field}" for column, field in shown["columns"].items()))
    if "ignored_columns" in shown:
        click.echo(f"Ignored columns: {', '.join(shown['ignored_columns'])}")
    for warning in shown.get("warnings", ()):
        click.echo(f"! {warning}")
    for problem in shown.get("problems", ()):
        column = f"{problem['column']}: " if "column" in problem else ""
        click.echo(f"  row {problem['row']}: {column}{problem.get('reason', '')}")


async def _tell(audience: Audience, job: Job, *, masked: bool) -> None:
    parts = [f"{job.written:,} of {job.rows or 0:,} rows written or unchanged"]
    parts += [f"{number:,} {name}" for name, number in (("skipped", job.skipped), ("failed", job.failed)) if number]
    click.echo(f"{job.state.capitalize()}: {', '.join(parts)}. flodesk-mcp jobs show {job.id}")
    if job.problem:
        click.echo(job.problem, err=True)
    for row in await audience.jobs.problems(job.id) if not masked else ():
        click.echo(f"  row {row.row}: {row.outcome} {row.email or ''} {row.reason or ''}".rstrip())


def _check_new(path: Path | None) -> None:
    """Refuse to overwrite a file, before anything is done."""
    if path is not None and path.exists():
        raise FileRefused(f"{path} exists, and no file is overwritten: give another name.")


def _new_file(path: Path) -> TextIO:
    """Open a new file that this user alone may read: it holds addresses."""
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "w", encoding="utf-8", newline="")


def _print(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
