"""What people ask for, and where a way of searching puts the tool that does it."""

import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Places", "asked_for", "places"]

FILES = ("requests.toml", "audience.toml", "events.toml")
BEYOND_ALL = {"events", "highlevel_social", "unified"}
"""Toolsets that `all` leaves out: an agent rarely has them beside the others, so none is looked for among them."""


def asked_for(tools: Collection[str]) -> Mapping[str, list[str]]:
    """Return the requests for each of `tools`."""
    here = Path(__file__).parent
    requests = {
        tool: asked for file in FILES for tool, asked in tomllib.loads((here / file).read_text("utf-8")).items()
    }
    return {tool: requests[tool] for tool in tools}


@dataclass(frozen=True)
class Places:
    """For every request, the place of the right tool among all, from 1."""

    of: Mapping[str, int]

    def beyond(self, place: int) -> dict[str, int]:
        """Return the requests whose tool comes later."""
        return {request: found for request, found in self.of.items() if found > place}

    def within(self, place: int) -> float:
        """Return for which part of the requests the right tool comes so early."""
        return 1 - len(self.beyond(place)) / len(self.of)


def places(requests: Mapping[str, Sequence[str]], ranked: Callable[[str], Sequence[str]]) -> Places:
    """Return where `ranked`, which orders all tools for a request, puts the right one."""
    return Places({request: ranked(request).index(tool) + 1 for tool, asked in requests.items() for request in asked})
