"""The stand-in of HighLevel: what its document and public code say, over 60 contacts, most of the sample account."""

from collections.abc import Callable
from datetime import datetime

from flodesk_mcp.sandbox.highlevel import contacts, location, social
from flodesk_mcp.sandbox.highlevel.account import HIGHLEVEL_LOCATION_ID, HighLevel, sample
from flodesk_mcp.sandbox.highlevel.door import HIGHLEVEL_TOKEN, HighLevelDoor
from flodesk_mcp.sandbox.stand_in import StandIn

__all__ = ["HIGHLEVEL_LOCATION_ID", "HIGHLEVEL_TOKEN", "SETTINGS", "HighLevel", "highlevel_stand_in"]

OPERATIONS = (*contacts.OPERATIONS, *location.OPERATIONS, *social.OPERATIONS)

SETTINGS = {"highlevel_token": HIGHLEVEL_TOKEN, "highlevel_location_id": HIGHLEVEL_LOCATION_ID}
"""What opens it, by the names of settings."""


def highlevel_stand_in(now: Callable[[], datetime]) -> StandIn[HighLevel]:
    """Return a HighLevel with one sample location, opened by HIGHLEVEL_TOKEN."""
    account = sample()
    return StandIn(account, HighLevelDoor(account), OPERATIONS, now)
