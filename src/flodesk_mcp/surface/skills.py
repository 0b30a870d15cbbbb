"""Skills: tasks step by step, as files that a client's model reads when it has one of them to do.

They are the files of `skills/`, which the plugin has, too. Here they are served as the extension
io.modelcontextprotocol/skills has it: listed with what each says of itself and with the digest of its file, and read
as a resource. A skill is on where every tool that its steps call is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, ReadResourceResult, RequestParams, Resource, TextResourceContents

from flodesk_mcp.callers.tool_filter import Reason, ToolFilter
from flodesk_mcp.tools import TOOLS, Refused

__all__ = ["SKILLS", "GetSkillParams", "entry_of", "listed_skills", "read_skill", "skill_resources"]

SKILLS = "io.modelcontextprotocol/skills"
PREFIX = "skill://flodesk/"
MARKDOWN = "text/markdown"

_CALLS = re.compile(r'"call": "(\w+)"')


class GetSkillParams(RequestParams):
    """What `skills/get` is asked."""

    uri: str


@dataclass(frozen=True)
class _Skill:
    """A `SKILL.md`: its text, byte for byte, and what stands at its head."""

    text: str
    frontmatter: Mapping[str, Any]

    @property
    def uri(self) -> str:
        return f"{PREFIX}{self.frontmatter['name']}/SKILL.md"

    def why_off(self, tool_filter: ToolFilter) -> Reason | None:
        """Return why a tool that it calls is off, or None while it is on."""
        reasons = (tool_filter.why_off(TOOLS[name]) for name in _CALLS.findall(self.text))
        return next(filter(None, reasons), None)

    def entry(self) -> dict[str, Any]:
        """Return it as the extension's type `Skill`."""
        content = self.text.encode()
        file = {"uri": self.uri, "digest": f"sha256:{sha256(content).hexdigest()}", "size": len(content)}
        return {"uri": self.uri, "frontmatter": dict(self.frontmatter), "resources": [file]}


def listed_skills(tool_filter: ToolFilter) -> list[dict[str, Any]]:
    """Return an entry for each skill that is on."""
    return [skill.entry() for skill in _on(tool_filter)]


def entry_of(tool_filter: ToolFilter, uri: str) -> dict[str, Any]:
    """Return the entry of the skill at `uri`. Raises MCPError."""
    return _open(tool_filter, uri).entry()


def skill_resources(tool_filter: ToolFilter) -> list[Resource]:
    """Return the files of the skills that are on, for clients that know resources and no skills."""
    return [
        Resource(
            uri=skill.uri,
            name=skill.frontmatter["name"],
            description=skill.frontmatter["description"],
            mime_type=MARKDOWN,
            size=len(skill.text.encode()),
        )
        for skill in _on(tool_filter)
    ]


def read_skill(tool_filter: ToolFilter, uri: str) -> ReadResourceResult | None:
    """Return the file at `uri`, None where that is no address of a skill. Raises MCPError."""
    if not uri.startswith(PREFIX):
        return None
    skill = _open(tool_filter, uri)
    return ReadResourceResult(contents=[TextResourceContents(uri=skill.uri, text=skill.text, mime_type=MARKDOWN)])


def _on(tool_filter: ToolFilter) -> list[_Skill]:
    return [skill for skill in _skills().values() if not skill.why_off(tool_filter)]


def _open(tool_filter: ToolFilter, uri: str) -> _Skill:
    skill = _skills().get(uri)
    if skill is None:
        raise MCPError(INVALID_PARAMS, f"No skill is served at {uri}", {"uri": uri})
    if reason := skill.why_off(tool_filter):
        name = skill.frontmatter["name"]
        words = f"The skill {name} is turned off: {reason.text}. Whoever runs this server can change it."
        raise MCPError(INVALID_PARAMS, words, {"uri": uri}) from Refused(words)
    return skill


@cache
def _skills() -> dict[str, _Skill]:
    """Return all skills by their addresses, read from their files when they are first asked for."""
    import yaml

    skills = []
    for path in sorted(_folder().glob("*/SKILL.md")):
        text = path.read_bytes().decode()
        skills.append(_Skill(text, yaml.safe_load(text.split("---\n", 2)[1])))
    return {skill.uri: skill for skill in skills}


def _folder() -> Path:
    """Return where the skills are: in the installed package, or at the top of a copy of the repository."""
    installed = Path(__file__).parents[1] / "skills"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "skills"
