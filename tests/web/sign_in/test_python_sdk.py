"""The Python SDK's own OAuth client, from the 401 to a tool call and a refresh."""

from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from mcp_types import CallToolResult

from .person import CALLBACK, Person
from .program import PUBLIC_URL
from .published import CHATGPT, CHATGPT_CALLBACK, CLAUDE_CODE

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


def signing_in(
    person: Person, remembered: Remembered, url: str = PUBLIC_URL, redirect_uri: str = CALLBACK, **more: Any
) -> OAuthClientProvider:
    """The SDK's client side, which sends `person` to the browser."""

    async def told() -> AuthorizationCodeResult:
        return AuthorizationCodeResult(**person.answer)

    return OAuthClientProvider(
        f"{url}/mcp",
        OAuthClientMetadata(redirect_uris=[redirect_uri], client_name="Agent", token_endpoint_auth_method="none"),
        remembered,
        person.connect,
        told,
        **more,
    )


def segments_in(result: object) -> list[str]:
    assert isinstance(result, CallToolResult)
    assert result.structured_content is not None, result
    return [segment["name"] for segment in result.structured_content["result"]]


async def segments(server: httpx2.AsyncClient, auth: OAuthClientProvider) -> list[str]:
    async with (
        httpx2.AsyncClient(transport=server._transport, auth=auth) as http,
        Client(streamable_http_client(f"{PUBLIC_URL}/mcp", http_client=http)) as client,
    ):
        return segments_in(await client.call_tool("list_all_flodesk_segments", {}))


@pytest.mark.parametrize(
    ("document", "redirect_uri"),
    [(None, CALLBACK), (CLAUDE_CODE, "http://localhost:51763/callback"), (CHATGPT, CHATGPT_CALLBACK)],
)
async def test_it_connects_calls_a_tool_and_refreshes(
    server: httpx2.AsyncClient, document: str | None, redirect_uri: str
) -> None:
    remembered, person = Remembered(), Person(server)
    auth = signing_in(person, remembered, redirect_uri=redirect_uri, client_metadata_url=document)
    assert await segments(server, auth) == ["Friends of ann"]
    first = remembered.tokens
    assert first is not None
    assert remembered.client is not None
    assert document in {None, remembered.client.client_id}
    assert first.scope == "flodesk:read flodesk:write offline_access"

    auth.context.token_expiry_time = 1  # the hour is over
    person.key = "nobody asks"
    assert await segments(server, auth) == ["Friends of ann"]
    second = remembered.tokens
    assert second is not None
    assert second.access_token != first.access_token
    assert second.refresh_token != first.refresh_token
