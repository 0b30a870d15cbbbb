"""Whether agents get done what people want, in both eras, and at what price."""

from pathlib import Path

import pytest

from tools.agent import ERAS

from .goal import Goal, score
from .table import GOALS, table

pytestmark = pytest.mark.anyio

DOCUMENT = Path(__file__).parents[2] / "docs" / "goals.md"


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: goal.script.__name__)
async def test_a_goal_is_reached_and_only_for_a_reason_with_more_than_the_fewest_requests(goal: Goal, era: str) -> None:
    took = await score(goal, era)
    assert took.requests == goal.fewest or (took.requests > goal.fewest and goal.why)


def test_there_are_at_least_25_goals_each_in_words_of_its_own() -> None:
    assert len(GOALS) == len({goal.wish for goal in GOALS}) >= 25


async def test_the_documented_table_is_what_the_goals_take_now() -> None:
    assert DOCUMENT.read_text("utf-8") == await table(), "run: make docs"
