import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

from flodesk_mcp.server import single_server
from flodesk_mcp.settings import load_settings

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["legacy", "auto"])
def client(request: pytest.FixtureRequest) -> Client:
    settings = load_settings(sandbox=True)
    return Client(single_server(settings), mode=request.param)


async def test_a_cursor_that_no_list_ever_gave_is_an_invalid_parameter(client: Client) -> None:
    async with client:
        for list_page in (
            client.list_tools,
            client.list_prompts,
            client.list_resources,
            client.list_resource_templates,
        ):
            with pytest.raises(MCPError) as refusal:
                await list_page(cursor="2")
            assert refusal.value.error.code == INVALID_PARAMS


async def test_a_tool_that_does_not_exist_is_an_invalid_parameter_that_names_the_nearest(client: Client) -> None:
    async with client:
        with pytest.raises(MCPError) as refusal:
            await client.call_tool("list_all_flodesk_segment", {})
        assert refusal.value.error.code == INVALID_PARAMS
        assert "list_all_flodesk_segments" in refusal.value.error.message


async def test_clients_are_told_where_the_project_lives_and_what_picture_to_show(client: Client) -> None:
    async with client:
        server = client.server_info
        assert server is not None
        assert server.website_url == "https://github.com/flodesk-mcp/flodesk-mcp"
        assert [icon.mime_type for icon in server.icons or []] == ["image/svg+xml"]


async def test_a_prompt_that_does_not_exist_is_an_invalid_parameter_too(client: Client) -> None:
    async with client:
        with pytest.raises(MCPError) as refusal:
            await client.get_prompt("review_my_audienc")
        assert refusal.value.error.code == INVALID_PARAMS
        assert "review_my_audience" in refusal.value.error.message


async def test_a_prompt_without_its_arguments_is_an_invalid_parameter(client: Client) -> None:
    async with client:
        required = [
            prompt.name
            for prompt in (await client.list_prompts()).prompts
            if any(argument.required for argument in prompt.arguments or [])
        ]
        assert required
        for name in required:
            with pytest.raises(MCPError) as refusal:
                await client.get_prompt(name)
            assert refusal.value.error.code == INVALID_PARAMS
