"""Everything that is advertised, in every combination of toolsets and read-only, as the repository remembers it.

A change shows up in `snapshots/` for a review. `make snapshots` writes what is advertised now.
"""

import json
import os
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from flodesk_mcp.tools import CATALOG, IN_ALL
from flodesk_mcp.tools import TOOLSETS as ALL_TOOLSETS

from .offers import MODES, TOOLSETS, offered

pytestmark = pytest.mark.anyio

SNAPSHOTS = Path(__file__).parent / "snapshots"
COMBINATIONS = list(product(TOOLSETS, (False, True)))
WHOLE = ("tools", "prompts", "resources", "templates")
NAMED = [toolset.id for toolset in ALL_TOOLSETS if not toolset.in_all]
"""What `all` does not stand for."""


def file_of(toolsets: str, read_only: bool) -> str:
    return f"{toolsets}.read-only" if read_only else toolsets


def compared(name: str, now: Any) -> None:
    """Compare with the snapshot, or write it."""
    path = SNAPSHOTS / f"{name}.json"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert now == snapshot(name), "What is advertised has changed. Where that is meant: make snapshots."


def snapshot(name: str) -> Any:
    return json.loads((SNAPSHOTS / f"{name}.json").read_text(encoding="utf-8"))


def summary(offer: dict[str, Any]) -> dict[str, Any]:
    """Return an offer with everything by name that has a file of its own."""
    return {
        "capabilities": offer["capabilities"],
        "instructions": offer["instructions"].splitlines(),
        "tools": [tool["name"] for tool in offer["tools"]],
        "resources": [resource["uri"] for resource in offer["resources"]],
        "templates": [template["uriTemplate"] for template in offer["templates"]],
        "prompts": {name: text.splitlines() for name, text in offer["texts"].items()},
    }


@cache
def whole() -> dict[str, Any]:
    return {part: snapshot(f"whole/{part}") for part in WHOLE}


@pytest.mark.parametrize("part", WHOLE)
async def test_all_that_can_be_advertised_is_what_the_snapshots_hold_in_full(part: str) -> None:
    of_flodesk = (await offered("auto", toolsets="all"))[part]
    named = (await offered("auto", toolsets=",".join(NAMED)))[part]
    compared(f"whole/{part}", of_flodesk + [thing for thing in named if thing not in of_flodesk])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("toolsets", "read_only"), COMBINATIONS, ids=str)
async def test_each_combination_advertises_what_its_snapshot_says(mode: str, toolsets: str, read_only: bool) -> None:
    offer = await offered(mode, toolsets=toolsets, read_only=read_only)
    compared(file_of(toolsets, read_only), summary(offer))
    for part in WHOLE:
        assert all(thing in whole()[part] for thing in offer[part])


@pytest.mark.parametrize("confirm", ["always", "never"])
@pytest.mark.parametrize(("toolsets", "read_only"), COMBINATIONS, ids=str)
async def test_confirm_changes_nothing_of_what_is_advertised(toolsets: str, read_only: bool, confirm: str) -> None:
    offer = await offered("auto", toolsets=toolsets, read_only=read_only, confirm=confirm)
    assert summary(offer) == snapshot(file_of(toolsets, read_only))


def test_there_is_no_snapshot_of_what_is_gone() -> None:
    expected = {f"{file_of(*combination)}.json" for combination in COMBINATIONS}
    expected |= {f"whole/{part}.json" for part in WHOLE}
    assert {str(path.relative_to(SNAPSHOTS)) for path in SNAPSHOTS.rglob("*.*")} == expected


def wire_bytes(tools: list[dict[str, Any]], *without: str) -> int:
    kept = [{key: value for key, value in tool.items() if key not in without} for tool in tools]
    return len(json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode())


def test_all_tools_fit_into_20000_bytes_that_models_see_and_48000_in_all() -> None:
    in_all = {spec.name for spec in IN_ALL}
    tools = [tool for tool in whole()["tools"] if tool["name"] in in_all]
    assert wire_bytes(tools, "title", "annotations", "outputSchema") <= 20_000
    assert wire_bytes(tools) <= 48_000


def test_the_tool_on_events_takes_830_bytes_that_models_see() -> None:
    tools = [tool for tool in whole()["tools"] if tool["name"] == "list_flodesk_events"]
    assert 0 < wire_bytes(tools, "title", "annotations", "outputSchema") <= 830


@pytest.mark.parametrize("toolset", ["unified", "highlevel_social"])
def test_a_tool_of_a_toolset_that_must_be_named_takes_600_bytes_that_models_see(toolset: str) -> None:
    names = {spec.name for spec in CATALOG if spec.toolset.id == toolset}
    tools = [tool for tool in whole()["tools"] if tool["name"] in names]
    assert wire_bytes(tools, "title", "annotations", "outputSchema") <= 600 * len(names)
