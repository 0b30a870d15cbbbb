"""A plan in the making: its rows, what is counted of them, and what is told of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from flodesk_mcp.audience.files import Problem
from flodesk_mcp.audience.plan import Plan, Plans
from flodesk_mcp.audience.plan_rows import NAMELESS, Names, NewRow

__all__ = ["WORKFLOWS", "Draft"]

MAX_PROBLEMS = 20
BATCH = 50
BATCHES_PER_MINUTE = 20
REQUESTS_PER_MINUTE = 100

WORKFLOWS = (
    "Whoever joins a segment may start a workflow that it triggers, or leave one that excludes it; nothing in the API "
    "tells which."
)


@dataclass
class Draft:
    """Rows go into `plans` as they are made; what is told of them is in memory."""

    plans: Plans
    id: str
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    size: int = 0
    last_row: int = 0
    fingerprint: int = 0

    def __post_init__(self) -> None:
        self.rows = self.plans.rows(self.id)

    async def put(self, rows: Sequence[NewRow], names: Names = NAMELESS) -> None:
        """Add rows behind all others."""
        if rows:
            self.last_row = rows[-1][0]
            self.size += len(rows)
            self.fingerprint += await self.rows.append(rows, names)

    async def replace(self, rows: Sequence[NewRow]) -> None:
        """Put rows in the place of those that have their numbers."""
        if rows:
            self.fingerprint += await self.rows.replace(rows)

    def tell(self, problem: Problem) -> None:
        """Take note of a problem, if it is among the first."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)

    async def finish(self, arguments: Mapping[str, Any], told: Mapping[str, Any]) -> Plan:
        """Bind the plan to its content, with what is told of it."""
        creations = len(arguments.get("fields_to_create", ())) + len(arguments.get("segments_to_create", ()))
        batches = ceil((self.counts["will_write"] + self.counts["to_add"]) / BATCH)
        requests = creations + batches + self.counts["to_remove"]
        minutes = max(batches / BATCHES_PER_MINUTE, requests / REQUESTS_PER_MINUTE)
        numbers = {
            **{name: number for name, number in self.counts.items() if number},
            **told,
            "requests": requests,
            "minutes": ceil(minutes),
            "problems": [{"row": one.row, "column": one.column, "reason": one.reason} for one in self.problems],
            "warnings": self.warnings,
        }
        return await self.plans.finish(self.id, self.fingerprint, {**arguments, "rows": self.size}, numbers)
