"""A plan, as an agent gets it: a call that says that the plan is being made is made again."""

import time
from typing import Any

import anyio.to_thread

from tools.agent import Agent


async def planned(agent: Agent, **arguments: Any) -> dict[str, Any]:
    """Return the plan of an import. Its rows are read in a thread, for which virtual time does not wait."""
    while (answer := await agent.answer("plan_flodesk_import", **arguments)).is_error:
        assert "The plan is being made" in str(answer.content), answer.content
        await anyio.to_thread.run_sync(time.sleep, 0.05)
    plan: dict[str, Any] = answer.structured_content
    return plan
