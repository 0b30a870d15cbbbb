"""What clients read before they ask for anything."""

import anyio
import httpx2
import pytest
from sqlalchemy import func, select

from flodesk_mcp.settings import load_settings
from flodesk_mcp.store import Allowance, Store
from flodesk_mcp.store.models import AttemptRow, Base, ClientRow, SignInRow
from flodesk_mcp.web import sign_in
from flodesk_mcp.web.settings import HostedSettings

from ..calls import LIST_SEGMENTS, Hosted
from .conftest import PassTime
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
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    foreign = {"Origin": "https://inspector.example.com", **asked}
    for path in ("/register", "/token", "/revoke"):
        answer = await server.options(path, headers=foreign)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*"), path
        assert "authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert (await server.post("/connect", headers=foreign)).status_code == 403
    assert (await server.post("/mcp", json=LIST_SEGMENTS, headers=foreign)).status_code == 403


async def test_what_is_over_is_forgotten_beside_the_requests(
    hosted: Hosted, encryption_key: str, pass_time: PassTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "SWEPT_EVERY_SECONDS", 0.05)
    async with hosted(auth="sign-in", public_url=PUBLIC_URL) as client:
        program = Program(client)
        await program.register()
        await program.code()
        await pass_time(90_000)
        settings = load_settings(HostedSettings)
        async with Store(settings.database_address, settings.encryption_keys) as store:
            assert await store.attempts.begin(Allowance("of this test", 1, 60), "a")
            with anyio.fail_after(10):
                while await rows(store, ClientRow, SignInRow) > 0 or await rows(store, AttemptRow) > 1:  # noqa: ASYNC110 - the server sweeps
                    await anyio.sleep(0.05)
            assert await rows(store, AttemptRow) == 1


async def rows(store: Store, *tables: type[Base]) -> int:
    async with store._database.reading() as session:
        return sum([(await session.execute(select(func.count()).select_from(table))).scalar_one() for table in tables])


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
