"""A skill as an agent reads it: what it is for, and the calls that it is made of."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tools.agent import Agent

FOLDER = Path(__file__).parents[2] / "skills"
_BLOCK = re.compile(r"^ *```json\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_FROM_ABOVE = re.compile(r"<(\w+)>")


@dataclass(frozen=True)
class Call:
    """A step. In its arguments `<plan_id>` stands for what an answer above called so."""

    tool: str
    arguments: dict[str, Any]

    def given(self, answers: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the arguments with what the answers say. Raises StopIteration where none says it."""

        def said(value: Any) -> Any:
            name = _FROM_ABOVE.fullmatch(value) if isinstance(value, str) else None
            return next(answer[name[1]] for answer in reversed(answers) if name[1] in answer) if name else value

        return {name: said(value) for name, value in self.arguments.items()}


@dataclass(frozen=True)
class Skill:
    """The text of a `SKILL.md`."""

    name: str
    text: str

    @cached_property
    def about(self) -> dict[str, str]:
        """What it says of itself, by which an agent chooses it."""
        about: dict[str, str] = yaml.safe_load(self.text.split("---\n")[1])
        return about

    @cached_property
    def words(self) -> str:
        """All of it but the calls."""
        return _BLOCK.sub("", self.text.split("---\n", 2)[2])

    @cached_property
    def calls(self) -> list[Call]:
        """The steps, in order."""
        blocks = [json.loads(block) for block in _BLOCK.findall(self.text)]
        return [Call(block.pop("call"), **block) for block in blocks]

    async def followed(self, agent: Agent) -> list[dict[str, Any]]:
        """Carry out every step, each of which must succeed, and return the answers."""
        answers: list[dict[str, Any]] = []
        for call in self.calls:
            answers.append(await agent.call(call.tool, **call.given(answers)))
        return answers


SKILLS = [Skill(path.parent.name, path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*/SKILL.md"))]
