"""Every skill can be followed, step by step, and gets done what it says; every name in it is one that there is."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from flodesk_mcp.tools import TOOLS
from tools.agent import Agent

from .outcomes import OUTCOMES
from .skill import SKILLS, Skill

pytestmark = pytest.mark.anyio

STATES = {"done", "failed", "cancelled", "dynamic"}
"""Values that a schema does not list, because Flodesk or a later version may have more."""

every_skill = pytest.mark.parametrize("skill", SKILLS, ids=lambda skill: skill.name)


def test_each_of_the_six_has_an_outcome_that_is_checked() -> None:
    assert {skill.name for skill in SKILLS} == OUTCOMES.keys()
    assert len(SKILLS) == 6


@every_skill
async def test_every_step_of_a_skill_can_be_carried_out(skill: Skill, agent: Agent) -> None:
    await agent.call("create_a_flodesk_subscriber", email="fresh@example.com", first_name="Fay")
    OUTCOMES[skill.name](agent, await skill.followed(agent))


@every_skill
def test_every_name_in_a_skill_exists(skill: Skill) -> None:
    named = set(re.findall(r"\b[a-z]+(?:_[a-z]+)*_flodesk(?:_[a-z]+)*\b", skill.text))
    assert named <= TOOLS.keys()
    used = [TOOLS[call.tool] for call in skill.calls]
    known = {name for tool in used for form in (tool.input_schema, tool.output_schema) for name in _names(form)}
    known |= TOOLS.keys() | STATES | _custom_field_names(skill)
    assert set(re.findall(r"`([a-z_]+)`", skill.words)) <= known


@every_skill
def test_a_skill_is_found_by_its_words_and_short(skill: Skill) -> None:
    assert skill.about.keys() == {"name", "description"}
    assert skill.about["name"] == skill.name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", skill.name)
    assert "Use " in skill.about["description"]
    assert len(skill.about["description"]) <= 1024
    assert len(skill.text.splitlines()) <= 100


@every_skill
def test_a_skill_carries_out_no_plan_that_it_has_not_shown(skill: Skill) -> None:
    tools = [call.tool for call in skill.calls]
    assert len([tool for tool in tools if tool == "start_flodesk_job"]) == len(
        [tool for tool in tools if tool.startswith("plan_")]
    )
    if "start_flodesk_job" in tools:
        assert re.search(r"[Aa]fter a yes|wait for a yes", skill.words)


def _names(form: Any) -> Iterator[str]:
    """Yield the names of all properties in a schema, and the values of its enums."""
    if isinstance(form, dict):
        yield from form.get("properties") or ()
        yield from (value for value in form.get("enum") or () if isinstance(value, str))
    for part in form.values() if isinstance(form, dict) else form if isinstance(form, list) else ():
        yield from _names(part)


def _custom_field_names(skill: Skill) -> set[str]:
    """Return the headings that the lists in a skill have."""
    lists = [call.arguments["csv"] for call in skill.calls if "csv" in call.arguments]
    return {heading for text in lists for heading in text.split("\n")[0].split(",")}
