"""The table of all goals, as the documentation shows it."""

from tools.agent import ERAS

from . import mailings, people, segments, trouble
from .goal import Goal, goals_of, score

__all__ = ["GOALS", "era_of", "table"]

GOALS: tuple[Goal, ...] = tuple(goal for module in (people, segments, mailings, trouble) for goal in goals_of(module))

HEAD = """\
# What people want done, and what it takes

Each line is a wish, carried out by an MCP client with the tools alone, from names and addresses as a person says them,
against the sandbox's sample account. A goal counts as reached only if the account is then as wished; the test suite
checks that in both protocol eras. Requests are those that Flodesk saw; the fewest are what anyone would need who knows
no more than the person and the tools. Bytes are those of all answers together, as a model reads them.

This table is generated: `make docs`.

| wish | calls | requests | fewest | bytes | why more |
| --- | ---: | ---: | ---: | ---: | --- |
"""


def era_of(goal: Goal) -> str:
    """Return the protocol era that a goal's numbers are from: they alternate."""
    return ERAS[GOALS.index(goal) % len(ERAS)]


async def table() -> str:
    """Reach every goal, and return what that took as Markdown."""
    lines, calls, requests, fewest, size = [], 0, 0, 0, 0
    for goal in GOALS:
        took = await score(goal, era_of(goal))
        lines.append(f"| {goal.wish} | {took.calls} | {took.requests} | {goal.fewest} | {took.bytes:,} | {goal.why} |")
        calls, requests, fewest, size = (
            calls + took.calls,
            requests + took.requests,
            fewest + goal.fewest,
            size + took.bytes,
        )
    lines.append(f"| **all {len(GOALS)}** | {calls} | {requests} | {fewest} | {size:,} | |")
    return HEAD + "\n".join(lines) + "\n"
