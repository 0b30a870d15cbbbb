"""Clients that register themselves."""

from typing import Any

import httpx2
import pytest

from .conftest import PassTime
from .program import Program

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://claude.ai/api/mcp/auth_callback",
        "https://claude.com/api/mcp/auth_callback",
        "https://chatgpt.com/connector_platform_oauth_redirect",
        "http://localhost:33418/",
        "http://127.0.0.1/callback",
        "http://[::1]:9000/callback",
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "vscode://vscode.github-authentication/did-authenticate",
        "com.example.app:/oauth",
    ],
)
async def test_the_addresses_of_known_clients_are_taken(server: httpx2.AsyncClient, redirect_uri: str) -> None:
    program = Program(server)
    answer = await program.register(redirect_uris=[redirect_uri])
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["redirect_uris"] == [redirect_uri]
    assert "client_secret" not in told
    assert isinstance(told["client_id_issued_at"], int)
    begun = await server.get(program.authorization(redirect_uri=redirect_uri))
    assert begun.status_code == 302


@pytest.mark.parametrize(
    ("described", "error"),
    [
        ({"redirect_uris": ["http://evil.example.com/callback"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["data:text/html,x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://agent.example.com/callback#fragment"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://claude.ai@evil.example.com/callback"]}, "invalid_redirect_uri"),
        ({"redirect_uris": [f"https://agent.example.com/{number}" for number in range(21)]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://agent.example.com/" + "x" * 2000]}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_client_metadata"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"scope": "everything"}, "invalid_client_metadata"),
    ],
)
async def test_what_cannot_be_a_client_is_refused(
    server: httpx2.AsyncClient, described: dict[str, Any], error: str
) -> None:
    answer = await Program(server).register(**described)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_a_description_is_small(server: httpx2.AsyncClient) -> None:
    answer = await Program(server).register(client_name="x" * 20_000)
    assert (answer.status_code, answer.json()["error"]) == (413, "invalid_client_metadata")


async def test_of_a_thousand_registrations_from_an_address_a_few_are_kept(server: httpx2.AsyncClient) -> None:
    statuses = []
    for _ in range(1000):
        answer = await Program(server).register()
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            assert answer.json()["error"] == "temporarily_unavailable"
            assert int(answer.headers["Retry-After"]) > 0
    assert statuses == [201] * 30 + [429] * 970


async def test_after_a_while_an_address_may_register_again(server: httpx2.AsyncClient, pass_time: PassTime) -> None:
    for _ in range(31):
        answer = await Program(server).register()
    assert answer.status_code == 429
    await pass_time(601)
    assert (await Program(server).register()).status_code == 201


async def test_a_client_that_nobody_connects_is_forgotten_after_a_day(program: Program, pass_time: PassTime) -> None:
    await pass_time(86_401)
    answer = await program.server.get(program.authorization())
    assert answer.status_code == 400
    assert "add it anew" in answer.text


async def test_a_client_that_is_connected_is_not(program: Program, pass_time: PassTime) -> None:
    tokens = await program.tokens()
    for _ in range(3):
        await pass_time(80 * 86_400)
        answer = await program.refresh(tokens["refresh_token"])
        assert answer.status_code == 200
        tokens = answer.json()
