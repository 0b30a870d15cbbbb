"""Who may do what: one rule for the settings, an access token, a request's headers and its URL.

A tool is on when every layer allows it. Within a layer read-only beats everything, and exclude beats include. So what
a request asks for can only tighten what the operator set.
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flodesk_mcp.tools.catalog import ToolSpec

__all__ = ["DEFAULT_TOOLSETS", "Limits", "UnknownName", "nearest", "refusal"]

DEFAULT_TOOLSETS = ("segments", "subscribers", "workflows", "custom_fields", "webhooks")


class UnknownName(ValueError):
    """A toolset or tool that does not exist; the message names the nearest that does."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return a sentence with the nearest valid name, or nothing when none is near."""
    found = difflib.get_close_matches(name, list(valid), n=1)
    return f" Did you mean {found[0]!r}?" if found else ""


@dataclass(frozen=True)
class Limits:
    """One layer of limits. None means that the layer says nothing of it. `source` names it to people."""

    source: str
    toolsets: frozenset[str] | None = None
    tools: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()
    read_only: bool = False

    @classmethod
    def parse(
        cls,
        source: str,
        catalog: Sequence[ToolSpec],
        *,
        toolsets: str | None = None,
        tools: str | None = None,
        exclude_tools: str | None = None,
        read_only: bool = False,
    ) -> "Limits":
        """Read comma-separated names; `default` and `all` stand for several toolsets.

        Raises UnknownName for one that does not exist.
        """
        known_toolsets = {spec.toolset for spec in catalog}
        groups = {"default": frozenset(DEFAULT_TOOLSETS), "all": frozenset(known_toolsets)}
        names = {spec.name for spec in catalog}
        chosen = _names(toolsets, known_toolsets | groups.keys(), "toolset")
        return cls(
            source,
            None if chosen is None else frozenset().union(*(groups.get(name, {name}) for name in chosen)),
            _names(tools, names, "tool"),
            _names(exclude_tools, names, "tool") or frozenset(),
            read_only,
        )

    def refusal(self, spec: ToolSpec) -> str | None:
        """Return what turned the tool off, or None while it is on."""
        if self.read_only and not spec.reads_only:
            return f"{self.source} is read-only, and this tool writes"
        if spec.name in self.excluded:
            return f"{self.source} excludes this tool"
        if self.tools is not None and spec.name not in self.tools:
            return f"{self.source} names the tools that are on, and this is not among them"
        if self.toolsets is not None and spec.toolset not in self.toolsets:
            return f"{self.source} has toolset {spec.toolset!r} turned off"
        return None


def refusal(layers: Iterable[Limits], spec: ToolSpec) -> str | None:
    """Return the first layer's reason why the tool is off, or None while it is on."""
    return next((reason for layer in layers if (reason := layer.refusal(spec))), None)


def _names(text: str | None, valid: Iterable[str], kind: str) -> frozenset[str] | None:
    if text is None:
        return None
    names = frozenset(name.strip() for name in text.split(",")) - {""}
    for name in sorted(names - frozenset(valid)):
        raise UnknownName(f"There is no {kind} {name!r}.{nearest(name, sorted(valid))}")
    return names
