"""What the commands on the whole list share: the list itself, conditions, and a bar for the job that is under way."""

import functools
import re
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import anyio
import click

from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.conditions import Condition
from flodesk_mcp.audience.operators import OPERATORS
from flodesk_mcp.callers.background import Background
from flodesk_mcp.callers.clients import client_for, find_credential, open_connections
from flodesk_mcp.callers.single import machine_audience, machine_quota
from flodesk_mcp.flodesk import FlodeskError, Subscriber, UnknownName, identity_of
from flodesk_mcp.settings import Settings, load_settings

if TYPE_CHECKING:
    from flodesk_mcp.audience.job import Job

__all__ = ["condition_of", "followed", "moment", "open_audience", "with_audience"]

Arguments = ParamSpec("Arguments")

_CONDITION = re.compile(rf"\s*(?P<field>.+?)\s+(?P<operator>{'|'.join(OPERATORS)})(?:\s+(?P<value>.*))?", re.DOTALL)


@asynccontextmanager
async def open_audience(settings: Settings) -> AsyncIterator[Audience]:
    """Open the whole list of the account that `settings` name. Raises SettingsError, AudienceError."""
    background = Background()
    credential = find_credential(settings).credential
    async with AsyncExitStack() as closing:
        http = await closing.enter_async_context(open_connections(settings))
        flodesk = client_for(identity_of(credential), credential, settings, http, machine_quota(settings, credential))
        audience = machine_audience(settings, credential, flodesk, background)
        closing.push_async_callback(audience.aclose)

        async def note(seen: Sequence[Subscriber]) -> None:
            await audience.mirror.note(*seen)

        flodesk.subscribers.listener = note
        await closing.enter_async_context(background.running())  # the last to begin is the first to end
        yield audience


def with_audience(
    work: Callable[Concatenate[Audience, Settings, Arguments], Coroutine[Any, Any, int]],
) -> Callable[Arguments, None]:
    """Make `work` the function of a click command: it gets the whole list, and the settings. It returns the exit code.

    What goes wrong with the list or at Flodesk ends the command with one line and exit code 1.
    """

    @click.pass_obj
    @functools.wraps(work)
    def command(flags: Mapping[str, Any], /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        settings = load_settings(**flags)

        async def run() -> int:
            async with open_audience(settings) as audience:
                try:
                    return await work(audience, settings, *args, **kwargs)
                except UnknownName as error:
                    click.echo(f"flodesk-mcp: {_told(error, settings)}", err=True)
                    return 1
                except (FlodeskError, OSError) as error:
                    click.echo(f"flodesk-mcp: {error}", err=True)
                    return 1

        sys.exit(anyio.run(run))

    return command


def _told(error: UnknownName, settings: Settings) -> str:
    """Return what an agent would be told, which masks what is masked."""
    from flodesk_mcp.tools.errors import explain_name
    from flodesk_mcp.tools.masking import mask_addresses

    told = explain_name(error)
    return mask_addresses(told) if settings.personal_data == "masked" else told


def condition_of(text: str) -> Condition:
    """Return what a person writes as a condition: a field, an operator and a value. Raises click.UsageError."""
    if not (found := _CONDITION.fullmatch(text)):
        raise click.UsageError(
            f"{text!r} is no condition: write a field, an operator and a value, such as 'status is active'. "
            f"Operators: {', '.join(OPERATORS)}."
        )
    return Condition(found["field"], found["operator"], (found["value"] or "").strip())


async def followed(audience: Audience, id: str) -> "Job":
    """Return a job when it has ended; a bar shows how far it is where a person looks on."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        shown = bar.add_task("Beginning", total=1.0)

        async def show(job: "Job") -> None:
            words = job.problem or job.doing or ("Waiting for its turn" if job.state == "waiting" else "Beginning")
            bar.update(shown, description=words, completed=job.progress)

        return await audience.jobs.wait(id, float("inf"), show)


def moment(seconds: float | None) -> str:
    """Return a time as people read it, in UTC."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
