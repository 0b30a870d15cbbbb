"""An agent that has all three providers."""

from collections.abc import AsyncIterator

import pytest

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.sandbox.flownurture import FlowNurture
from flodesk_mcp.sandbox.highlevel import HighLevel
from flodesk_mcp.sandbox.stand_in import StandIn
from tools.agent import ERAS, Agent, connected

TOOLSETS = "default,audience,unified,highlevel_social"


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
def flownurture(sandbox: Sandbox) -> StandIn[FlowNurture]:
    return sandbox.flownurture


@pytest.fixture
def highlevel(sandbox: Sandbox) -> StandIn[HighLevel]:
    return sandbox.highlevel


@pytest.fixture(params=ERAS)
async def agent(request: pytest.FixtureRequest, sandbox: Sandbox) -> AsyncIterator[Agent]:
    async with connected(request.param, sandbox, toolsets=TOOLSETS) as agent:
        yield agent
