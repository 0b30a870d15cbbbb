"""Whether the right tool is found by meaning, with other words than its description has.

Runs in an environment of its own (requirements.txt; `make retrieval`), which knows tools by tool_manifest.json alone.
A sentence-embedding model compares a request with the description of each tool, and with each clause of it: a tool is
as near as both together.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from .asked import BEYOND_ALL, asked_for, places
from .minilm import vectors

MANIFEST = Path(__file__).parents[2] / "tool_manifest.json"
AT_LEAST = {1: 0.90, 3: 0.97}
"""For which part of the requests the right tool must be among the first so many."""


def clauses(description: str) -> list[str]:
    """Return the parts of a description between its punctuation, but for single words."""
    parts = re.split(r"[.,:;?!()]+(?:\s+|$)", description)
    return [part for part in parts if len(part.split()) > 1]


def main() -> int:
    """Print where the right tools were found; return 1 where they came too late."""
    listed = json.loads(MANIFEST.read_text(encoding="utf-8"))["tools"]
    tools = [tool for tool in listed if tool["toolset"] not in BEYOND_ALL]
    names = [tool["name"] for tool in tools]
    whole = vectors([f"{tool['title']}. {tool['description']}" for tool in tools])
    parts = [vectors([tool["title"], *clauses(tool["description"])]) for tool in tools]

    def ranked(request: str) -> list[str]:
        asked = vectors([request])[0]
        nearness = [float(own @ asked + (of_tool @ asked).max()) for own, of_tool in zip(whole, parts, strict=True)]
        return [name for _, name in sorted(zip(nearness, names, strict=True), reverse=True)]

    status = 0
    for title, wanted in (("every tool", names), ("the whole list", _of_the_whole_list(tools))):
        found = places(asked_for(wanted), ranked)
        for place, least in AT_LEAST.items():
            part = found.within(place)
            print(f"{title}: the right tool is among the first {place} for {part:.1%} of {len(found.of)} requests")
            if part < least:
                print(f"  which is less than {least:.0%}: {found.beyond(place)}")
                status = 1
    return status


def _of_the_whole_list(tools: list[dict[str, Any]]) -> list[str]:
    return [tool["name"] for tool in tools if tool["toolset"] == "audience"]


if __name__ == "__main__":
    sys.exit(main())
