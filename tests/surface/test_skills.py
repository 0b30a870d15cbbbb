"""Skills over MCP: the files of skills/, as the extension io.modelcontextprotocol/skills has them."""

from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, PaginatedRequestParams, Request, TextResourceContents
from pydantic import RootModel

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.surface.skills import GetSkillParams
from tools.agent import Agent, connected

from .offers import MODES

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).parents[2] / "skills"
NAMES = sorted(path.name for path in FOLDER.iterdir())
LAUNCH = "skill://flodesk/launch/SKILL.md"

# The types of the extension's specification, 2026-07-28 and later: Skill, SkillResource, and the results around them.
RESOURCE = {
    "type": "object",
    "required": ["uri", "digest", "size"],
    "additionalProperties": False,
    "properties": {
        "uri": {"type": "string", "pattern": "^skill://.+/[^/]+$"},
        "digest": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
        "size": {"type": "integer", "minimum": 1, "maximum": 16_777_216},
    },
}
SKILL = {
    "type": "object",
    "required": ["uri", "frontmatter", "resources"],
    "additionalProperties": False,
    "properties": {
        "uri": {"type": "string", "pattern": "^skill://.+/SKILL\\.md$"},
        "frontmatter": {
            "type": "object",
            "required": ["name", "description"],
            "properties": {
                "name": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64},
                "description": {"type": "string", "minLength": 1, "maxLength": 1024},
            },
        },
        "resources": {
            "oneOf": [
                {"type": "array", "items": RESOURCE, "minItems": 1, "maxItems": 512, "uniqueItems": True},
                {"const": "dynamic"},
            ]
        },
    },
}
COMPLETE = {
    "resultType": {"const": "complete"},
    "ttlMs": {"type": "integer", "minimum": 0},
    "cacheScope": {"enum": ["public", "private"]},
}
LISTED = {
    "type": "object",
    "required": ["skills", *COMPLETE],
    "properties": {"skills": {"type": "array", "items": SKILL}, "nextCursor": {"type": "string"}, **COMPLETE},
}
GOT = {
    "type": "object",
    "required": ["skill", *COMPLETE],
    "properties": {"skill": SKILL, "nextCursor": False, **COMPLETE},
}


class Answer(RootModel[dict[str, Any]]):
    """What came over the wire, whatever it is."""


class ListSkills(Request[PaginatedRequestParams, Literal["skills/list"]]):
    method: Literal["skills/list"] = "skills/list"
    params: PaginatedRequestParams = PaginatedRequestParams()


class GetSkill(Request[GetSkillParams, Literal["skills/get"]]):
    method: Literal["skills/get"] = "skills/get"
    params: GetSkillParams


async def listed(agent: Agent, cursor: str | None = None) -> dict[str, Any]:
    request = ListSkills(params=PaginatedRequestParams(cursor=cursor))
    return (await agent.client.session.send_request(request, Answer)).root


async def got(agent: Agent, uri: str) -> dict[str, Any]:
    request = GetSkill(params=GetSkillParams(uri=uri))
    return (await agent.client.session.send_request(request, Answer)).root


async def names(agent: Agent) -> list[str]:
    return [skill["frontmatter"]["name"] for skill in (await listed(agent))["skills"]]


async def text_at(agent: Agent, uri: str) -> str:
    (content,) = (await agent.client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    assert (content.uri, content.mime_type) == (uri, "text/markdown")
    return content.text


@pytest.mark.parametrize("mode", MODES)
async def test_the_extension_is_declared(mode: str, sandbox: Sandbox) -> None:
    async with connected(mode, sandbox) as agent:
        assert agent.client.server_capabilities.resources
        assert agent.client.server_capabilities.extensions == {"io.modelcontextprotocol/skills": {}}


async def test_every_skill_is_listed_as_the_extension_has_it(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, toolsets="all") as agent:
        answer = await listed(agent)
        Draft202012Validator(LISTED).validate(answer)
        assert [skill["frontmatter"]["name"] for skill in answer["skills"]] == NAMES
        assert [skill["uri"] for skill in answer["skills"]] == [f"skill://flodesk/{name}/SKILL.md" for name in NAMES]


async def test_one_skill_is_told_as_in_the_list(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, toolsets="all") as agent:
        for skill in (await listed(agent))["skills"]:
            answer = await got(agent, skill["uri"])
            Draft202012Validator(GOT).validate(answer)
            assert answer["skill"] == skill


async def test_what_is_read_is_the_file_of_the_repository_and_what_its_entry_says(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, toolsets="all") as agent:
        for skill in (await listed(agent))["skills"]:
            text = await text_at(agent, skill["uri"])
            content = (FOLDER / skill["frontmatter"]["name"] / "SKILL.md").read_bytes()
            assert text.encode() == content
            assert yaml.safe_load(text.split("---\n")[1]) == skill["frontmatter"]
            (file,) = skill["resources"]
            assert file == {
                "uri": skill["uri"],
                "digest": f"sha256:{sha256(content).hexdigest()}",
                "size": len(content),
            }


async def test_every_file_of_a_skill_is_served(era: str, sandbox: Sandbox) -> None:
    files = {f"skill://flodesk/{path.relative_to(FOLDER).as_posix()}" for path in FOLDER.rglob("*") if path.is_file()}
    async with connected(era, sandbox, toolsets="all") as agent:
        served = {file["uri"] for skill in (await listed(agent))["skills"] for file in skill["resources"]}
    assert served == files


async def test_a_client_that_knows_no_skills_finds_them_among_the_resources(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, toolsets="all") as agent:
        known = {resource.uri: resource for resource in (await agent.client.list_resources()).resources}
        for skill in (await listed(agent))["skills"]:
            resource, about = known[skill["uri"]], skill["frontmatter"]
            assert (resource.name, resource.description) == (about["name"], about["description"])
            assert (resource.mime_type, resource.size) == ("text/markdown", skill["resources"][0]["size"])


@pytest.mark.parametrize(
    ("settings", "on"),
    [
        ({}, []),
        ({"toolsets": "default,audience"}, ["import-a-list", "keep-a-segment-in-step"]),
        ({"toolsets": "all", "read_only": True}, ["weekly-report"]),
        (
            {"toolsets": "all", "exclude_tools": "start_flodesk_job"},
            ["erase-a-person", "weekly-report"],
        ),
    ],
    ids=["default", "audience", "read only", "excluded"],
)
async def test_a_skill_is_on_where_every_tool_that_it_calls_is(
    era: str, sandbox: Sandbox, settings: dict[str, Any], on: list[str]
) -> None:
    async with connected(era, sandbox, **settings) as agent:
        assert await names(agent) == on
        resources = {resource.uri for resource in (await agent.client.list_resources()).resources}
        assert {uri for uri in resources if uri.startswith("skill:")} == {
            f"skill://flodesk/{name}/SKILL.md" for name in on
        }


async def test_a_skill_that_is_off_says_why(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox, toolsets="all", read_only=True) as agent:
        for ask in (got, text_at):
            with pytest.raises(MCPError) as caught:
                await ask(agent, LAUNCH)
            assert (caught.value.code, caught.value.message) == (
                INVALID_PARAMS,
                "The skill launch is turned off: FLODESK_READ_ONLY allows no tool that writes. "
                "Whoever runs this server can change it.",
            )


@pytest.mark.parametrize(
    "uri",
    [
        "skill://flodesk/refund/SKILL.md",
        "skill://flodesk/launch",
        "skill://flodesk/launch/../launch/SKILL.md",
        "skill://flodesk/../../README.md",
        "skill://launch/SKILL.md",
        "flodesk://segments",
        "",
    ],
)
async def test_no_skill_is_served_elsewhere(era: str, sandbox: Sandbox, uri: str) -> None:
    async with connected(era, sandbox, toolsets="all") as agent:
        with pytest.raises(MCPError, match="No skill is served at") as caught:
            await got(agent, uri)
        assert caught.value.code == INVALID_PARAMS
        if uri.startswith("skill:"):
            with pytest.raises(MCPError) as caught:
                await agent.client.read_resource(uri)
            assert caught.value.code == INVALID_PARAMS


async def test_the_list_comes_in_one_page(era: str, sandbox: Sandbox) -> None:
    async with connected(era, sandbox) as agent:
        with pytest.raises(MCPError, match="Unknown cursor") as caught:
            await listed(agent, "2")
        assert caught.value.code == INVALID_PARAMS
