"""What a person allows a client: reading or writing, which toolsets, and whether it sees who people are."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.settings import PersonalData
from flodesk_mcp.tools import CATALOG, TOOLSETS
from flodesk_mcp.tools.spec import Toolset
from flodesk_mcp.web.auth.scopes import OFFLINE_SCOPE, READ_SCOPE, WRITE_SCOPE
from flodesk_mcp.web.forms import Form
from flodesk_mcp.web.problem import Problem

__all__ = ["Choices", "offered_toolsets"]


def offered_toolsets(operator: ToolFilter) -> list[Toolset]:
    """Return the toolsets of which the operator leaves any tool on."""
    on = {spec.toolset.id for spec in operator.of(CATALOG)}
    return [toolset for toolset in TOOLSETS if toolset.id in on]


@dataclass(frozen=True)
class Choices:
    """What was chosen. A client that asked for reading alone gets no more."""

    writing: bool
    toolsets: tuple[str, ...]
    personal_data: PersonalData = "shown"

    @classmethod
    def proposed(cls, asked: str, offered: Sequence[Toolset]) -> "Choices":
        """Return what the page proposes for what a client asks."""
        return cls(WRITE_SCOPE in asked.split(), tuple(toolset.id for toolset in offered))

    @classmethod
    def of(cls, form: Form, asked: str, offered: Sequence[Toolset]) -> "Choices":
        """Return what a form says, within what a client asks and the operator offers.

        Raises Problem.
        """
        chosen = form.all("toolset")
        toolsets = tuple(toolset.id for toolset in offered if toolset.id in chosen)
        if not toolsets:
            raise Problem("Choose at least one part of Flodesk that it may work with.")
        writing = form.get("access") == "write" and WRITE_SCOPE in asked.split()
        return cls(writing, toolsets, "masked" if form.get("masked") else "shown")

    @classmethod
    def read(cls, text: str) -> "Choices":
        """Return what `text()` made a text of."""
        kept = json.loads(text)
        return cls(kept["writing"], tuple(kept["toolsets"]), kept["personal_data"])

    def text(self) -> str:
        """Return them as a text that can be stored."""
        return json.dumps(asdict(self))

    def scopes(self, asked: str) -> str:
        """Return the scopes of the tokens."""
        granted = {READ_SCOPE, *([WRITE_SCOPE] if self.writing else []), OFFLINE_SCOPE}
        return " ".join(scope for scope in dict.fromkeys([READ_SCOPE, *asked.split()]) if scope in granted)
