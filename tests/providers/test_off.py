"""What is turned off costs nothing: no import, no byte of what is advertised, and no provider that nobody set up."""

import subprocess
import sys

import pytest
from mcp import Client

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.server import operator_filter, single_server
from flodesk_mcp.settings import Settings, SettingsError, load_settings
from flodesk_mcp.tools import CATALOG, IN_ALL
from tools.agent import connected

pytestmark = pytest.mark.anyio

SERVE = """
import sys
import anyio
from mcp import Client
from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings

OTHERS = ("providers", "flownurture", "highlevel", "callers.providers", "tools.contacts", "tools.social_planner",
          "tools.provider_choice", "sandbox.flownurture", "sandbox.highlevel", "sandbox.stand_in")

def loaded():
    names = tuple("flodesk_mcp." + name for name in OTHERS)
    return sorted(name for name in sys.modules if name.startswith(names))

async def main():
    settings = Settings(sandbox=True, toolsets=sys.argv[1], flownurture_api_key="fn_k")
    async with Client(single_server(settings)) as client:
        await client.list_tools()
        assert client.instructions
        await client.call_tool("list_all_flodesk_segments", {})
        await client.call_tool("list_contacts", {})
        print(*loaded())

anyio.run(main)
"""


@pytest.mark.parametrize("toolsets", ["default", "all"])
def test_nothing_of_it_is_imported(toolsets: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SERVE, toolsets], capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == ""


def test_all_stands_for_the_tools_of_flodesk_alone() -> None:
    assert operator_filter(Settings(sandbox=True, toolsets="all")).of(CATALOG) == list(IN_ALL)
    named = operator_filter(Settings(sandbox=True, toolsets="all,unified")).of(CATALOG)
    assert len(named) == len(IN_ALL) + 10


async def test_no_word_of_it_is_advertised(sandbox: Sandbox) -> None:
    async with connected("2026-07-28", sandbox, toolsets="default") as agent:
        said = (agent.client.instructions or "") + str((await agent.client.list_tools()).tools)
    assert not [word for word in ("unified", "highlevel", "HighLevel", "FlowNurture") if word in said]


async def test_with_one_provider_there_is_nothing_to_choose() -> None:
    async with Client(single_server(Settings(api_key="k", toolsets="unified"), Sandbox().transport())) as client:
        tools = (await client.list_tools()).tools
    assert len(tools) == 10
    assert not [tool.name for tool in tools if "provider" in tool.input_schema["properties"]]
    assert not [tool.name for tool in tools if "HighLevel" in str(tool.description)]


async def test_the_choice_is_of_those_that_are_set_up() -> None:
    chosen = Settings(api_key="k", toolsets="unified", highlevel_token="pit-k", highlevel_location_id="here")
    async with Client(single_server(chosen, Sandbox().transport())) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        answer = await client.call_tool("list_contacts", {"provider": "flownurture"})
    choices = {name: tool.input_schema["properties"]["provider"]["enum"] for name, tool in tools.items()}
    assert choices.pop("get_contact") == ["flodesk", "highlevel", "all"]
    assert set(map(tuple, choices.values())) == {("flodesk", "highlevel")}
    assert "HighLevel cannot filter by status" in str(tools["list_contacts"].description)
    assert "FlowNurture" not in str(tools)
    assert answer.is_error
    assert "can set FLOWNURTURE_API_KEY for FlowNurture" in str(answer.content)


async def test_a_provider_is_required_where_no_cursor_says_it(sandbox: Sandbox) -> None:
    async with connected("2026-07-28", sandbox, toolsets="unified") as agent:
        tools = (await agent.client.list_tools()).tools
    lists = {"list_contacts", "list_contact_segments", "list_contact_workflows"}
    assert {tool.name for tool in tools if "provider" not in tool.input_schema.get("required", [])} == lists


async def test_a_wrong_token_names_the_setting_that_holds_it() -> None:
    chosen = Settings(api_key="k", toolsets="unified", highlevel_token="pit-wrong", highlevel_location_id="here")
    async with Client(single_server(chosen, Sandbox().transport())) as client:
        answer = await client.call_tool("list_contacts", {"provider": "highlevel"})
    assert "HighLevel refused the credential (401)" in str(answer.content)
    assert "the setting HIGHLEVEL_TOKEN" in str(answer.content)
    assert "pit-wrong" not in str(answer.content)


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"HIGHLEVEL_TOKEN": "pit-k"}, "HIGHLEVEL_TOKEN and HIGHLEVEL_LOCATION_ID belong together"),
        ({"HIGHLEVEL_LOCATION_ID": "here"}, "HIGHLEVEL_TOKEN and HIGHLEVEL_LOCATION_ID belong together"),
        ({"FLOWNURTURE_API_KEY": "two words"}, "FLOWNURTURE_API_KEY is not one word"),
        ({"HIGHLEVEL_BASE_URL": "http://example.com"}, "HIGHLEVEL_BASE_URL: must be https"),
    ],
)
def test_what_contradicts_itself_ends_the_start(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], told: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=told) as error:
        load_settings(api_key="k")
    assert "two words" not in str(error.value)


def test_a_variable_of_a_provider_has_no_prefix_before_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLODESK_FLOWNURTURE_API_KEY", "fn_other")
    assert load_settings().flownurture_api_key is None
    monkeypatch.setenv("FLOWNURTURE_API_KEY", "fn_k")
    key = load_settings().flownurture_api_key
    assert key is not None
    assert key.get_secret_value() == "fn_k"
    assert "fn_k" not in repr(load_settings())
