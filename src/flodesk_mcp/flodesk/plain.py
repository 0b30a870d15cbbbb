"""A subscriber as plain data, for whoever reads a whole list: a hundred models take three times as long to make.

As tolerant as the models, but for what Flodesk adds: that is left out.
"""

from typing import Annotated, Required, cast

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from flodesk_mcp.api.fields import ROWS_OR_NONE, OptionalText, Text, TextMap
from flodesk_mcp.flodesk.models import Subscriber

__all__ = ["PlainSubscriber", "plain"]


_WHAT_IS_KNOWN = with_config(ConfigDict(extra="ignore"))


@_WHAT_IS_KNOWN
class PlainSegmentRef(TypedDict, total=False):
    """A segment that a subscriber is in."""

    id: Required[Text]
    name: OptionalText


@_WHAT_IS_KNOWN
class PlainSubscriber(TypedDict, total=False):
    """A person on the list: see `Subscriber`."""

    id: Required[Text]
    email: OptionalText
    status: OptionalText
    source: OptionalText
    first_name: OptionalText
    last_name: OptionalText
    segments: Annotated[list[PlainSegmentRef] | None, ROWS_OR_NONE]
    custom_fields: TextMap
    optin_ip: OptionalText
    optin_timestamp: OptionalText
    created_at: OptionalText


def plain(subscriber: Subscriber) -> PlainSubscriber:
    """Return the same person as plain data."""
    return cast("PlainSubscriber", subscriber.model_dump(include=set(PlainSubscriber.__annotations__)))
