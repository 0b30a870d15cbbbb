"""A bar for the reading of the list, where a person looks on."""

from collections.abc import Iterator
from contextlib import contextmanager

from flodesk_mcp.audience.reading import Progress as Told

__all__ = ["reading_bar"]


@contextmanager
def reading_bar() -> Iterator[Told]:
    """Show how far a reading is, on standard error; nothing where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("Reading the list"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        shown = bar.add_task("", total=None)
        yield lambda done, total: bar.update(shown, completed=done, total=total)
