"""What clients read before they ask for anything."""

import httpx2
import pytest

from ..calls import LIST_SEGMENTS, Hosted
from .program import PUBLIC_URL, Program, bearer

pytestmark = pytest.mark.anyio

SCOPES = ["flodesk:read", "flodesk:write"]


async def test_a_request_without_a_token_is_told_where_to_get_one(server: httpx2.AsyncClient) -> None:
    answer = await server.post("/mcp", json=LIST_SEGMENTS)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="flodesk-mcp", '
        f'resource_metadata="{PUBLIC_URL}/.well-known/oauth-protected-resource/mcp", scope="flodesk:read flodesk:write"'
    )


@pytest.mark.parametrize("path", ["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"])
async def test_the_resource_names_its_authorization_server_and_all_scopes(
    server: httpx2.AsyncClient, path: str
) -> None:
    told = (await server.get(path)).json()
    assert told["resource"] == f"{PUBLIC_URL}/mcp"
    assert told["authorization_servers"] == [PUBLIC_URL]
    assert told["scopes_supported"] == SCOPES


@pytest.mark.parametrize(
    "path", ["/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/mcp"]
)
async def test_the_authorization_server_tells_all_that_clients_look_for(server: httpx2.AsyncClient, path: str) -> None:
    answer = await server.get(path, headers={"Origin": "https://inspector.example.com"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    told = answer.json()
    methods = ["none", "client_secret_post", "client_secret_basic", "private_key_jwt"]
    del told["service_documentation"]
    assert told == {
        "issuer": PUBLIC_URL,
        "authorization_endpoint": f"{PUBLIC_URL}/authorize",
        "token_endpoint": f"{PUBLIC_URL}/token",
        "registration_endpoint": f"{PUBLIC_URL}/register",
        "revocation_endpoint": f"{PUBLIC_URL}/revoke",
        "scopes_supported": [*SCOPES, "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "ES256"],
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": ["RS256", "ES256"],
        "code_challenge_methods_supported": ["S256"],
        "client_id_metadata_document_supported": True,
        "authorization_response_iss_parameter_supported": True,
    }


async def test_a_client_in_a_browser_may_register_and_fetch_tokens(server: httpx2.AsyncClient) -> None:
    foreign = {"Origin": "https://inspector.example.com", "Access-Control-Request-Method": "POST"}
    for path in ("/register", "/token", "/revoke"):
        answer = await server.options(path, headers=foreign)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*"), path
    assert (await server.post("/connect", headers=foreign)).status_code == 403
    assert (await server.post("/mcp", json=LIST_SEGMENTS, headers=foreign)).status_code == 403


async def test_it_goes_with_the_other_ways_to_get_in(hosted: Hosted, encryption_key: str) -> None:
    login = "https://login.example.com"
    settings = {"oauth_issuer": login, "oauth_audience": f"{PUBLIC_URL}/mcp", "oauth_jwks_url": f"{login}/jwks"}
    async with hosted(auth="tokens,headers,oauth,sign-in", public_url=PUBLIC_URL, **settings) as client:
        told = (await client.get("/.well-known/oauth-protected-resource/mcp")).json()
        assert told["authorization_servers"] == [PUBLIC_URL, login]
        program = Program(client)
        await program.register()
        assert (
            await client.post("/mcp", json=LIST_SEGMENTS, headers=bearer(await program.tokens()))
        ).status_code == 200
        own = {"X-Flodesk-Api-Key": "key-ben"}
        assert (await client.post("/mcp", json=LIST_SEGMENTS, headers=own)).status_code == 200
