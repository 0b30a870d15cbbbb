"""The agents of the tools' tests, at a Flodesk of today: what a skill asks of the last week is asked of ours."""

from collections.abc import AsyncIterator

import pytest

from flodesk_mcp.sandbox import Sandbox
from tools.agent import Agent, connected
from tools.conftest import _no_settings_of_the_developer, era

__all__ = ["_no_settings_of_the_developer", "era"]


@pytest.fixture
async def agent(era: str) -> AsyncIterator[Agent]:
    """An agent with all tools, as the plugin gives them."""
    async with connected(era, Sandbox(), toolsets="all") as agent:
        yield agent
