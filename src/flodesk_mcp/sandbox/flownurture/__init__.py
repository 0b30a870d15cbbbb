"""The stand-in of FlowNurture: what its page says, over 44 contacts of whom most are in the sample account, too."""

from collections.abc import Callable
from datetime import datetime

from flodesk_mcp.sandbox.flownurture.account import FlowNurture, sample
from flodesk_mcp.sandbox.flownurture.door import FLOWNURTURE_API_KEY, FlowNurtureDoor
from flodesk_mcp.sandbox.flownurture.operations import OPERATIONS
from flodesk_mcp.sandbox.stand_in import StandIn

__all__ = ["FLOWNURTURE_API_KEY", "SETTINGS", "FlowNurture", "flownurture_stand_in"]

SETTINGS = {"flownurture_api_key": FLOWNURTURE_API_KEY}
"""What opens it, by the names of settings."""


def flownurture_stand_in(now: Callable[[], datetime]) -> StandIn[FlowNurture]:
    """Return a FlowNurture with the sample contacts, opened by FLOWNURTURE_API_KEY."""
    account = sample()
    return StandIn(account, FlowNurtureDoor(account), OPERATIONS, now)
