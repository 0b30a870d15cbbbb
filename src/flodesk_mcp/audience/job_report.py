"""What became of every row of a job, as CSV: for people, and as a source that puts back what a sync did."""

import csv
import io
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

import anyio.from_thread

from flodesk_mcp.audience.columns import BYTE_ORDER_MARK, disarmed
from flodesk_mcp.audience.files import Row, Table
from flodesk_mcp.audience.job import Outcome
from flodesk_mcp.audience.jobs import Jobs
from flodesk_mcp.audience.source import Source

__all__ = ["PART_ROWS", "report_lines", "report_of", "report_part", "whole_report"]

PART_ROWS = 5_000
"""How many rows a client reads at once."""

READ_AT_ONCE = 1_000
HEADINGS = ("row", "email", "outcome", "reason")


async def report_part(jobs: Jobs, id: str, part: int) -> str | None:
    """Return a part of the report of a job, counted from 1, each with its headings; None if there is no such part."""
    first = (part - 1) * PART_ROWS
    rows = [row for row in await jobs.outcomes(id, first, PART_ROWS) if row.row <= first + PART_ROWS]
    return BYTE_ORDER_MARK + report_lines(rows, headings=True) if rows else None


async def whole_report(jobs: Jobs, id: str) -> AsyncIterator[str]:
    """Yield the report of a job by the thousand lines."""
    yield BYTE_ORDER_MARK + report_lines([], headings=True)
    after = -1
    while rows := await jobs.outcomes(id, after, READ_AT_ONCE):
        yield report_lines(rows)
        after = rows[-1].row


def report_lines(rows: Sequence[Outcome], *, headings: bool = False) -> str:
    """Return rows as CSV, none of whose cells runs as a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if headings:
        writer.writerow(HEADINGS)
    writer.writerows([row.row, disarmed(row.email or ""), row.outcome, disarmed(row.reason or "")] for row in rows)
    return text.getvalue()


def report_of(jobs: Jobs, id: str) -> Source:
    """Return the report of a job as a source of people, which is read in a thread beside the event loop."""

    def rows() -> Iterator[Row]:
        after = -1
        while found := anyio.from_thread.run(jobs.outcomes, id, after, READ_AT_ONCE):
            for one in found:
                yield one.row, [str(one.row), one.email or "", one.outcome, one.reason or ""]
            after = found[-1].row

    @contextmanager
    def opened() -> Iterator[Table]:
        yield Table(list(HEADINGS), rows())

    return opened
