"""Which tools are on: one rule for the settings, an access token, a request's headers and its URL.

A tool is on when every layer allows it. Within a layer read-only beats everything, and exclude beats include. So what
a request asks for can only tighten what the operator set.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

__all__ = ["Layer", "Reason", "Tool", "ToolFilter", "Toolset", "ToolsetOff", "UnknownTool", "nearest"]


class Toolset(Protocol):
    """What a filter must know of a toolset."""

    @property
    def id(self) -> str:
        """What settings call it by."""

    @property
    def default(self) -> bool:
        """Whether it is on unless a setting says otherwise."""

    @property
    def in_all(self) -> bool:
        """Whether `all` stands for it, too."""


class Tool(Protocol):
    """What a filter must know of a tool."""

    @property
    def name(self) -> str:
        """What clients call it by."""

    @property
    def toolset(self) -> Toolset:
        """The toolset that it belongs to."""

    @property
    def reads_only(self) -> bool:
        """Whether it changes nothing at Flodesk."""


AnyTool = TypeVar("AnyTool", bound=Tool)


class UnknownTool(ValueError):
    """A toolset or tool that does not exist; the message names the nearest that does."""


class ToolsetOff(ValueError):
    """A tool is asked for whose toolset the same layer leaves off; the message says which toolset to add."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return a sentence with the nearest valid name, or nothing when none is near."""
    found = difflib.get_close_matches(name, list(valid), n=1)
    return f" Did you mean {found[0]!r}?" if found else ""


@dataclass(frozen=True)
class Reason:
    """Why a tool is off: the `setting` that a person would change, and the whole `text`."""

    setting: str
    text: str


_REASONS = {
    "read_only": "allows no tool that writes",
    "exclude_tools": "names it",
    "tools": "does not name it",
    "toolsets": "does not name its toolset, {toolset!r}",
}


@dataclass(frozen=True)
class Layer:
    """One layer of a filter. None means that the layer says nothing of it.

    `source` names the layer to people, and `settings` what it has for toolsets, tools, exclude_tools and read_only.
    """

    source: str
    toolsets: frozenset[str] | None = None
    tools: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()
    read_only: bool = False
    settings: Mapping[str, str] = field(default_factory=dict, compare=False)

    def called(self, setting: str) -> str:
        """Return how people know `setting` of this layer."""
        return self.settings.get(setting, f"{self.source} ({setting})")

    def why_off(self, tool: Tool) -> Reason | None:
        """Return the strongest reason of this layer against a tool, or None."""
        if self.read_only and not tool.reads_only:
            setting = "read_only"
        elif tool.name in self.excluded:
            setting = "exclude_tools"
        elif self.tools is not None and tool.name not in self.tools:
            setting = "tools"
        elif self.toolsets is not None and tool.toolset.id not in self.toolsets:
            setting = "toolsets"
        else:
            return None
        called = self.called(setting)
        return Reason(called, f"{called} {_REASONS[setting].format(toolset=tool.toolset.id)}")


@dataclass(frozen=True)
class ToolFilter:
    """The layers that hold for a caller, the operator's first. Without any, every tool is on."""

    layers: tuple[Layer, ...] = ()

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
        """Return one layer from comma-separated names; `default` and `all` stand for several toolsets.

        Raises UnknownTool for a name that does not exist, ToolsetOff for a tool that its toolset keeps off.
        """
        known = {tool.toolset.id: tool.toolset for tool in catalog}
        by_default = frozenset(name for name, toolset in known.items() if toolset.default)
        in_all = frozenset(name for name, toolset in known.items() if toolset.in_all)
        groups = {"default": by_default, "all": in_all}
        names = {tool.name for tool in catalog}
        chosen = _names(toolsets, known.keys() | groups.keys(), "toolset")
        layer = Layer(
            source,
            None if chosen is None else frozenset().union(*(groups.get(name, {name}) for name in chosen)),
            _names(tools, names, "tool"),
            _names(exclude_tools, names, "tool") or frozenset(),
            read_only,
            settings or {},
        )
        for tool in catalog:
            if layer.toolsets is None or tool.name not in (layer.tools or ()) or tool.toolset.id in layer.toolsets:
                continue
            raise ToolsetOff(
                f"{layer.called('tools')} names {tool.name!r}, but its toolset is off: "
                f"add {tool.toolset.id!r} to {layer.called('toolsets')}."
            )
        return cls((layer,))

    @classmethod
    def reading_only(cls, source: str, setting: str | None = None) -> "ToolFilter":
        """Return a layer that allows only tools that read; `setting` is how people know it."""
        return cls((Layer(source, read_only=True, settings={"read_only": setting or source}),))

    def __and__(self, other: "ToolFilter") -> "ToolFilter":
        """Return the filter that allows what both allow."""
        return ToolFilter(self.layers + other.layers)

    def why_off(self, tool: Tool) -> Reason | None:
        """Return the first reason why a tool is off, or None while it is on."""
        return next((reason for layer in self.layers if (reason := layer.why_off(tool))), None)

    def allows(self, tool: Tool) -> bool:
        """Tell whether a tool is on."""
        return self.why_off(tool) is None

    def allows_toolset(self, id: str) -> bool:
        """Tell whether the toolset of that id is on, whatever its tools are."""
        return all(layer.toolsets is None or id in layer.toolsets for layer in self.layers)

    def of(self, tools: Iterable[AnyTool]) -> list[AnyTool]:
        """Return those of `tools` that are on, in their order."""
        return [tool for tool in tools if self.allows(tool)]


def _names(text: str | None, valid: Iterable[str], kind: str) -> frozenset[str] | None:
    if text is None:
        return None
    names = frozenset(name.strip() for name in text.split(",")) - {""}
    for name in sorted(names - frozenset(valid)):
        raise UnknownTool(f"There is no {kind} {name!r}.{nearest(name, sorted(valid))}")
    return names
