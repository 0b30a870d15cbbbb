"""What a goal is, and how reaching it is scored."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from mcp_types import CallToolResult, TextContent

from flodesk_mcp.sandbox import Sandbox
from tools.agent import Agent, connected

NOW = datetime(2026, 9, 15, 10, 30, 0, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Worker(Agent):
    """An agent that keeps every answer it got."""

    answers: list[CallToolResult] = field(default_factory=list)

    async def answer(self, tool: str, /, **arguments: Any) -> CallToolResult:
        answer = await super().answer(tool, **arguments)
        self.answers.append(answer)
        return answer


Script = Callable[[Worker], Awaitable[None]]


@dataclass(frozen=True)
class Goal:
    """What a person wants, and the tool calls of an agent that knows no more than the person and the list of tools.

    `fewest` requests to Flodesk would do for anyone who knows as little; `why` tells what more are good for.
    With `reads`, nothing may change.
    """

    script: Script
    fewest: int
    why: str
    reads: bool
    plus_needs_encoding: bool

    @property
    def wish(self) -> str:
        """What the person says."""
        return " ".join((self.script.__doc__ or "").split())


@dataclass(frozen=True)
class Score:
    """What reaching a goal took."""

    calls: int
    requests: int
    bytes: int


def goal(
    fewest: int, *, why: str = "", reads: bool = False, plus_needs_encoding: bool = False
) -> Callable[[Script], Goal]:
    """Make a script the goal that its docstring names. The script asserts the final state itself."""
    return lambda script: Goal(script, fewest, why, reads, plus_needs_encoding)


def goals_of(module: ModuleType) -> list[Goal]:
    """Return the goals of a module, in the order in which they stand there."""
    return [value for value in vars(module).values() if isinstance(value, Goal)]


async def score(goal: Goal, era: str) -> Score:
    """Reach a goal in a fresh sandbox. Bytes are those of the texts that a model gets to read."""
    sandbox = Sandbox(now=lambda: NOW, plus_needs_encoding=goal.plus_needs_encoding)
    async with connected(era, sandbox, toolsets="all") as agent:
        worker = Worker(agent.client, agent.sandbox)
        await goal.script(worker)
    assert not goal.reads or {request.method for request in sandbox.requests} == {"GET"}
    texts = [block.text for answer in worker.answers for block in answer.content if isinstance(block, TextContent)]
    return Score(len(worker.answers), len(sandbox.requests), sum(len(text.encode()) for text in texts))
