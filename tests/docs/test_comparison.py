"""What docs/comparison.md says of this server is so, and what it says of others has a source."""

import re
from pathlib import Path

from flodesk_mcp.tools import CATALOG

PAGE = (Path(__file__).parents[2] / "docs" / "comparison.md").read_text(encoding="utf-8")


OTHER_PROVIDERS = {"unified", "highlevel_social"}


def test_it_counts_the_tools_that_there_are_for_flodesk() -> None:
    for_flodesk = [spec for spec in CATALOG if spec.toolset.id not in OTHER_PROVIDERS]
    by_default = sum(spec.toolset.default for spec in for_flodesk)
    assert f"| {by_default}, and {len(for_flodesk) - by_default} more in toolsets |" in PAGE


def test_every_source_is_used_and_every_use_has_one() -> None:
    words, _, sources = PAGE.partition("## Sources")
    assert set(re.findall(r"\[(\d+)\](?!\()", words)) == set(re.findall(r"(?m)^(\d+)\. ", sources))
