"""The result as a table in docs/benchmarks.md."""

import json
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.measure import Measure

__all__ = ["table", "write"]

_TOP = Path(__file__).parents[1]
PAGE = _TOP / "docs" / "benchmarks.md"
BEGIN, END = "<!-- made by `make bench`: begin -->", "<!-- end -->"


def table(measures: Sequence[Measure], tools: Sequence[dict[str, Any]]) -> str:
    """Return the measures, and the size of the tools, as Markdown."""
    short = [{key: tool.get(key) for key in ("name", "description", "inputSchema")} for tool in tools]
    return "\n".join(
        [
            "| | flodesk-mcp | baseline | ratio | at most | pairs |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
            *map(_row, measures),
            "",
            "| The tools on the wire, as compact JSON | bytes | bytes per tool |",
            "| --- | ---: | ---: |",
            _size("name, description and inputSchema", short),
            _size("everything: outputSchema, title and annotations as well", tools),
            "",
            f"{len(tools)} tools; Python {platform.python_version()}, mcp {version('mcp')}, "
            f"{platform.system()} on {platform.machine()}, {os.cpu_count()} processors.",
        ]
    )


def write(text: str) -> None:
    """Put `text` into its place in the page."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", "utf-8")


def _row(measure: Measure) -> str:
    unit = measure.unit
    return (
        f"| {measure.name} | {measure.ours:.1f} {unit} | {measure.baseline:.1f} {unit} "
        f"| **{measure.ratio:.2f}** | {measure.bound:.2f} | {len(measure.pairs)} |"
    )


def _size(what: str, tools: Sequence[dict[str, Any]]) -> str:
    size = len(json.dumps(tools, ensure_ascii=False, separators=(",", ":")).encode())
    return f"| {what} | {size:,} | {size / len(tools):.0f} |"
