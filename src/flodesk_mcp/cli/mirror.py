"""`flodesk-mcp mirror`: look at the copy of the list, read it anew, or delete it."""

import json
from dataclasses import asdict

import click

from flodesk_mcp.audience.audience import Audience, as_of
from flodesk_mcp.cli.audience import with_audience
from flodesk_mcp.cli.reading import reading_bar
from flodesk_mcp.settings import Settings

__all__ = ["mirror"]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group()
def mirror() -> None:
    """Look at the copy of the list that searches work on, read it anew, or delete it."""


@mirror.command()
@as_json
@with_audience
async def status(audience: Audience, settings: Settings, as_json: bool) -> int:
    """Tell where the copy is, how many people are in it, and how old it is."""
    await _say(audience, as_json=as_json)
    return 0


@mirror.command()
@as_json
@with_audience
async def refresh(audience: Audience, settings: Settings, as_json: bool) -> int:
    """Read everybody anew, or finish a reading that was interrupted. A damaged copy is kept aside for a new one."""
    with reading_bar() as progress:
        await audience.mirror.refresh(progress=progress, whole=True)
    await _say(audience, as_json=as_json)
    return 0


@mirror.command()
@with_audience
async def clear(audience: Audience, settings: Settings) -> int:
    """Delete the copy. The next search reads everybody anew; jobs and what they made stay."""
    had_one = await audience.mirror.exists()
    await audience.mirror.forget()
    click.echo("The copy of the list is deleted." if had_one else "There is no copy of the list.")
    return 0


async def _say(audience: Audience, *, as_json: bool) -> None:
    if not await audience.mirror.exists():
        click.echo("{}" if as_json else "There is no copy of the list: the first search makes one.")
        return
    known = await audience.mirror.status()
    if as_json:
        told = {name: value for name, value in asdict(known).items() if value is not None}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    click.echo(f"{known.people:,} people in {known.place}")
    click.echo(f"As of {as_of(known)}" if known.checked_at else "The list was not yet read to its end.")
