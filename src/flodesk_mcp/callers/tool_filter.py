"""Who may do what: one rule for the settings, an access token, a request's headers and its URL.

A tool is on when every layer allows it. Within a layer read-only beats everything, and exclude beats include. So what
a request asks for can only tighten what the operator set.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["DEFAULT_TOOLSETS", "ToolFilter", "ToolsetOff", "UnknownTool", "closed_by", "nearest", "refusal"]

DEFAULT_TOOLSETS = ("segments", "subscribers", "workflows", "custom_fields", "webhooks")


class Tool(Protocol):
    """What a filter must know of a tool."""

    @property
    def name(self) -> str:
        """What clients call it by."""

    @property
    def toolset(self) -> str:
        """The id of its toolset."""

    @property
    def reads_only(self) -> bool:
        """Whether it changes nothing at Flodesk."""


class UnknownTool(ValueError):
    """A toolset or tool that does not exist; the message names the nearest that does."""


class ToolsetOff(ValueError):
    """A tool is asked for whose toolset the same layer leaves off; the message says which toolset to add."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return a sentence with the nearest valid name, or nothing when none is near."""
    found = difflib.get_close_matches(name, list(valid), n=1)
    return f" Did you mean {found[0]!r}?" if found else ""


@dataclass(frozen=True)
class ToolFilter:
    """One layer of limits. None means that the layer says nothing of it.

    `source` names the layer to people, and `settings` what it has for toolsets, tools, exclude_tools and read_only.
    """

    source: str
    toolsets: frozenset[str] | None = None
    tools: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()
    read_only: bool = False
    settings: Mapping[str, str] = field(default_factory=dict, compare=False)

    @classmethod
    def parse(
        cls,
        source: str,
        catalog: Sequence[Tool],
        *,
        toolsets: str | None = None,
        tools: str | None = None,
        exclude_tools: str | None = None,
        read_only: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> "ToolFilter":
        """Read comma-separated names; `default` and `all` stand for several toolsets.

        Raises UnknownTool for one that does not exist, ToolsetOff for a tool that its toolset keeps off.
        """
        known_toolsets = {spec.toolset for spec in catalog}
        groups = {"default": frozenset(DEFAULT_TOOLSETS), "all": frozenset(known_toolsets)}
        names = {spec.name for spec in catalog}
        chosen = _names(toolsets, known_toolsets | groups.keys(), "toolset")
        layer = cls(
            source,
            None if chosen is None else frozenset().union(*(groups.get(name, {name}) for name in chosen)),
            _names(tools, names, "tool"),
            _names(exclude_tools, names, "tool") or frozenset(),
            read_only,
            settings or {},
        )
        for spec in catalog:
            if layer.toolsets is not None and spec.name in (layer.tools or ()) and spec.toolset not in layer.toolsets:
                raise ToolsetOff(
                    f"{layer.called('tools')} names {spec.name!r}, but its toolset is off: "
                    f"add {spec.toolset!r} to {layer.called('toolsets')}."
                )
        return layer

    def called(self, setting: str) -> str:
        """Return how people know `setting` of this layer."""
        return self.settings.get(setting, f"{self.source} ({setting})")

    def closing(self, spec: Tool) -> str | None:
        """Return which setting of this layer turns the tool off, the strongest, or None."""
        if self.read_only and not spec.reads_only:
            return "read_only"
        if spec.name in self.excluded:
            return "exclude_tools"
        if self.tools is not None and spec.name not in self.tools:
            return "tools"
        if self.toolsets is not None and spec.toolset not in self.toolsets:
            return "toolsets"
        return None


REASONS = {
    "read_only": "allows no tool that writes",
    "exclude_tools": "names it",
    "tools": "does not name it",
    "toolsets": "does not name its toolset, {toolset!r}",
}


def closed_by(layers: Iterable[ToolFilter], spec: Tool) -> str | None:
    """Return the name of the first setting that turns the tool off, or None while it is on."""
    return next((layer.called(setting) for layer in layers if (setting := layer.closing(spec))), None)


def refusal(layers: Iterable[ToolFilter], spec: Tool) -> str | None:
    """Return the first reason why the tool is off, or None while it is on."""
    for layer in layers:
        if setting := layer.closing(spec):
            return f"{layer.called(setting)} {REASONS[setting].format(toolset=spec.toolset)}"
    return None


def _names(text: str | None, valid: Iterable[str], kind: str) -> frozenset[str] | None:
    if text is None:
        return None
    names = frozenset(name.strip() for name in text.split(",")) - {""}
    for name in sorted(names - frozenset(valid)):
        raise UnknownTool(f"There is no {kind} {name!r}.{nearest(name, sorted(valid))}")
    return names
