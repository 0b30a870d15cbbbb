"""The Python SDK's own OAuth client, from the 401 to a tool call and a refresh."""

import httpx2
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from mcp_types import CallToolResult

from .person import CALLBACK, Person
from .program import PUBLIC_URL

pytestmark = pytest.mark.anyio


class Remembered:
    """What a client keeps of a connection."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def signing_in(person: Person, remembered: Remembered) -> OAuthClientProvider:
    """The SDK's client side, which sends `person` to the browser."""

    async def told() -> AuthorizationCodeResult:
        return AuthorizationCodeResult(**person.answer)

    return OAuthClientProvider(
        f"{PUBLIC_URL}/mcp",
        OAuthClientMetadata(redirect_uris=[CALLBACK], client_name="Agent", token_endpoint_auth_method="none"),
        remembered,
        person.connect,
        told,
    )


async def segments(server: httpx2.AsyncClient, auth: OAuthClientProvider) -> list[str]:
    async with (
        httpx2.AsyncClient(transport=server._transport, auth=auth) as http,
        Client(streamable_http_client(f"{PUBLIC_URL}/mcp", http_client=http)) as client,
    ):
        result = await client.call_tool("list_all_flodesk_segments", {})
        assert isinstance(result, CallToolResult)
        assert result.structured_content is not None, result
        return [segment["name"] for segment in result.structured_content["result"]]


async def test_it_connects_calls_a_tool_and_refreshes(server: httpx2.AsyncClient) -> None:
    remembered, person = Remembered(), Person(server)
    auth = signing_in(person, remembered)
    assert await segments(server, auth) == ["Friends of ann"]
    first = remembered.tokens
    assert first is not None
    assert first.scope == "flodesk:read flodesk:write offline_access"

    auth.context.token_expiry_time = 1  # the hour is over
    person.key = "nobody asks"
    assert await segments(server, auth) == ["Friends of ann"]
    second = remembered.tokens
    assert second is not None
    assert second.access_token != first.access_token
    assert second.refresh_token != first.refresh_token
