"""Clients whose id is the address of their description, and what is read of the web for them."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from flodesk_mcp.web.auth.sign_in import documents
from flodesk_mcp.web.auth.sign_in.documents import Documents, NotReached
from flodesk_mcp.web.auth.sign_in.public_hosts import NotPublic, PublicHosts, is_public

from .conftest import PassTime
from .program import PUBLIC_URL, Program
from .published import (
    AGENT,
    AGENT_CALLBACK,
    AGENT_KEYS,
    CHATGPT,
    CHATGPT_CALLBACK,
    CLAUDE_CODE,
    DOCUMENTS,
    Published,
)

pytestmark = pytest.mark.anyio

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())


def described(server: httpx2.AsyncClient, client_id: str) -> Program:
    program = Program(server)
    program.client_id = client_id
    return program


@pytest.mark.parametrize(
    ("client_id", "redirect_uri"),
    [
        (CLAUDE_CODE, "http://localhost:51763/callback"),
        (CLAUDE_CODE, "http://127.0.0.1:1024/callback"),
        (CHATGPT, CHATGPT_CALLBACK),
    ],
)
async def test_claude_code_and_chatgpt_take_their_way(
    server: httpx2.AsyncClient, client_id: str, redirect_uri: str
) -> None:
    program = described(server, client_id)
    page = await server.get((await server.get(program.authorization(redirect_uri=redirect_uri))).headers["location"])
    assert f"It is described at {httpx2.URL(client_id).host}" in page.text
    code = await program.code(redirect_uri=redirect_uri, scope="flodesk:read offline_access")
    tokens = (await program.exchange(code, redirect_uri=redirect_uri)).json()
    assert tokens["scope"] == "flodesk:read offline_access"
    assert (await program.refresh(tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize(
    "client_id",
    [
        "https://claude.ai/oauth/other",  # nothing is there
        "https://agent.example.com/redirects",
        "https://agent.example.com/another-id",
        "https://agent.example.com/huge",
        "https://agent.example.com/list",
        "https://agent.example.com/no-json",
        "https://agent.example.com/nowhere-to-go",
        "https://agent.example.com/dangerous",
        "https://agent.example.com/secret",
        "https://agent.example.com/unprovable",
        "https://agent.example.com/slow",
        "https://agent.example.com/private",
        "https://user@agent.example.com/x",
        "https://agent.example.com/x#y",
        "https://agent.example.com/a/../client.json",
        "https://agent.example.com/" + "x" * 600,
    ],
)
async def test_a_document_that_does_not_do_is_told_to_the_person(
    server: httpx2.AsyncClient, published: Published, client_id: str
) -> None:
    root, good = "https://agent.example.com", {"redirect_uris": [AGENT_CALLBACK]}
    published.publish(f"{root}/redirects", b"", 302, {"location": AGENT})
    published.publish(f"{root}/another-id", {**good, "client_id": AGENT})
    published.publish(f"{root}/huge", {**good, "client_id": f"{root}/huge", "more": "x" * 70_000})
    published.publish(f"{root}/list", [1])
    published.publish(f"{root}/no-json", b"<html>")
    published.publish(f"{root}/nowhere-to-go", {"client_id": f"{root}/nowhere-to-go"})
    published.publish(f"{root}/dangerous", {"client_id": f"{root}/dangerous", "redirect_uris": ["javascript:x"]})
    published.publish(f"{root}/secret", {**good, "client_id": f"{root}/secret", "client_secret": "s"})
    unprovable = {**good, "client_id": f"{root}/unprovable", "token_endpoint_auth_method": "private_key_jwt"}
    published.publish(f"{root}/unprovable", unprovable)  # it has no keys
    published.fail(f"{root}/slow", httpx2.ReadTimeout("slow"))
    published.fail(f"{root}/private", NotPublic("private"))
    program = described(server, client_id)
    for redirect_uri in (AGENT_CALLBACK, "javascript:x", None):
        answer = await server.get(program.authorization(redirect_uri=redirect_uri))
        assert answer.status_code == 400
        assert "location" not in answer.headers
    assert len(published.read) <= 1  # what failed is not asked for again at once


async def test_a_document_counts_for_as_long_as_its_headers_say(
    server: httpx2.AsyncClient, published: Published, pass_time: PassTime
) -> None:
    published.publish(AGENT, DOCUMENTS[AGENT], headers={"cache-control": "public, max-age=600"})
    program = described(server, AGENT)
    for seconds, read in ((0, 1), (590, 1), (20, 2), (0, 2)):
        await pass_time(seconds)
        await server.get(program.authorization(redirect_uri=AGENT_CALLBACK))
        assert len(published.read) == read


async def test_no_document_counts_for_more_than_an_hour(
    server: httpx2.AsyncClient, published: Published, pass_time: PassTime
) -> None:
    published.publish(AGENT, DOCUMENTS[AGENT], headers={"cache-control": "max-age=31536000"})
    program = described(server, AGENT)
    await server.get(program.authorization(redirect_uri=AGENT_CALLBACK))
    await pass_time(3601)
    await server.get(program.authorization(redirect_uri=AGENT_CALLBACK))
    assert len(published.read) == 2


async def test_a_connection_outlives_the_web_server_of_its_client(
    server: httpx2.AsyncClient, published: Published, pass_time: PassTime
) -> None:
    program = described(server, AGENT)
    tokens = (
        await program.exchange(await program.code(redirect_uri=AGENT_CALLBACK), redirect_uri=AGENT_CALLBACK)
    ).json()
    await pass_time(3601)
    published.fail(AGENT, httpx2.ConnectError("down"))
    answer = await program.refresh(tokens["refresh_token"])
    assert answer.status_code == 200
    await pass_time(3601)
    published.publish(AGENT, b"", 503)
    assert (await program.refresh(answer.json()["refresh_token"])).status_code == 200


async def test_a_client_whose_document_is_gone_is_gone(
    server: httpx2.AsyncClient, published: Published, pass_time: PassTime
) -> None:
    program = described(server, AGENT)
    tokens = (
        await program.exchange(await program.code(redirect_uri=AGENT_CALLBACK), redirect_uri=AGENT_CALLBACK)
    ).json()
    await pass_time(3601)
    published.publish(AGENT, b"", 404)
    answer = await program.refresh(tokens["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_an_address_has_only_so_many_documents_read(server: httpx2.AsyncClient, published: Published) -> None:
    for number in range(21):
        answer = await server.get(described(server, f"https://agent.example.com/{number}").authorization())
    assert answer.status_code == 429
    assert len(published.read) == 20


def assertion(key: Any, algorithm: str, key_id: str = "first", **changed: Any) -> dict[str, str]:
    now = int(time.time())
    claims = {"iss": AGENT, "sub": AGENT, "aud": f"{PUBLIC_URL}/token", "exp": now + 60, "jti": str(now), **changed}
    signed = jwt.encode(
        {name: value for name, value in claims.items() if value is not None},
        key,
        algorithm=algorithm,
        headers={"kid": key_id},
    )
    return {"client_assertion_type": ASSERTION, "client_assertion": signed}


@pytest.fixture
async def signing(server: httpx2.AsyncClient, published: Published) -> Program:
    """A client that proves who it is by signed texts alone."""
    rsa_key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA.public_key())) | {"kid": "first", "alg": "RS256"}
    ec_key = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(EC.public_key())) | {"kid": "second", "alg": "ES256"}
    published.publish(AGENT_KEYS, {"keys": ["absurd", rsa_key, ec_key]})
    method = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": AGENT_KEYS}
    published.publish(AGENT, DOCUMENTS[AGENT] | method)
    return described(server, AGENT)


@pytest.mark.parametrize(
    ("key", "algorithm", "key_id", "audience"),
    [(RSA, "RS256", "first", f"{PUBLIC_URL}/token"), (EC, "ES256", "second", PUBLIC_URL)],
)
async def test_a_client_that_must_sign_gets_tokens_for_its_signature(
    signing: Program, key: Any, algorithm: str, key_id: str, audience: str
) -> None:
    code = await signing.code(redirect_uri=AGENT_CALLBACK)
    proof = assertion(key, algorithm, key_id, aud=audience)
    answer = await signing.exchange(code, redirect_uri=AGENT_CALLBACK, **proof)
    assert answer.status_code == 200, answer.text
    again = await signing.refresh(answer.json()["refresh_token"], **proof)
    assert again.json()["error"] == "invalid_client"  # each signed text counts once
    fresh = assertion(key, algorithm, key_id, aud=audience, jti="another")
    assert (await signing.refresh(answer.json()["refresh_token"], **fresh)).status_code == 200


@pytest.mark.parametrize(
    "proof",
    [
        {},
        assertion(rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256"),
        assertion(RSA, "RS512"),
        assertion(RSA, "PS256"),
        assertion("a shared secret that is long enough to be one", "HS256"),
        assertion(None, "none"),
        assertion(RSA, "RS256", aud="https://other.example.com/token"),
        assertion(RSA, "RS256", iss="https://other.example.com/client.json"),
        assertion(RSA, "RS256", sub="https://other.example.com/client.json"),
        assertion(RSA, "RS256", exp=int(time.time()) - 60),
        assertion(RSA, "RS256", exp=int(time.time()) + 86_400),
        assertion(RSA, "RS256", exp=None),
        assertion(RSA, "RS256", jti=None),
        assertion(RSA, "RS256", "unknown"),
        assertion(RSA, "RS256") | {"client_assertion_type": "other"},
        {"client_assertion_type": ASSERTION, "client_assertion": "x.y.z"},
    ],
)
async def test_a_client_that_must_sign_gets_nothing_otherwise(signing: Program, proof: dict[str, str]) -> None:
    code = await signing.code(redirect_uri=AGENT_CALLBACK)
    answer = await signing.exchange(code, redirect_uri=AGENT_CALLBACK, **proof)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_while_keys_cannot_be_read_a_client_is_asked_to_wait(signing: Program, published: Published) -> None:
    code = await signing.code(redirect_uri=AGENT_CALLBACK)
    published.fail(AGENT_KEYS, httpx2.ConnectError("down"))
    answer = await signing.exchange(code, redirect_uri=AGENT_CALLBACK, **assertion(RSA, "RS256"))
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::a9fe:a9fe",
        "nonsense",
    ],
)
def test_an_address_inside_of_a_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_an_address_that_all_can_reach_is(address: str) -> None:
    assert is_public(address)


async def test_a_document_that_comes_drop_by_drop_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAY_TAKE_SECONDS", 0.2)

    async def drops() -> AsyncIterator[bytes]:
        while True:
            await anyio.sleep(0.05)
            yield b" "

    slow = Documents(httpx2.MockTransport(lambda _: httpx2.Response(200, content=drops())))
    with anyio.fail_after(5), pytest.raises(NotReached):
        await slow.read(AGENT)
    await slow.aclose()


class Reached(httpx2.AsyncBaseTransport):
    """Remembers where requests went."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return httpx2.Response(200, json={"client_id": "x"})


async def test_the_address_that_was_checked_is_the_one_that_is_reached() -> None:
    answers = [["93.184.215.14", "93.184.215.15"], ["127.0.0.1"]]  # a name that changes what it means
    reached = Reached()

    async def resolve(host: str, port: int) -> list[str]:
        return answers.pop(0)

    async with httpx2.AsyncClient(transport=PublicHosts(reached, resolve)) as http:
        await http.get("https://agent.example.com/client.json")
    (request,) = reached.requests
    assert request.url.host == "93.184.215.14"
    assert request.headers["Host"] == "agent.example.com"
    assert request.extensions["sni_hostname"] == "agent.example.com"  # whose certificate is asked for


@pytest.mark.parametrize("found", [["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], []])
async def test_a_name_that_leads_inside_is_not_followed(found: list[str]) -> None:
    reached = Reached()

    async def resolve(host: str, port: int) -> list[str]:
        return found

    web = Documents(PublicHosts(reached, resolve))
    with pytest.raises(NotReached):
        await web.read(AGENT)
    assert reached.requests == []
    await web.aclose()


async def test_a_name_that_means_nothing_leads_nowhere() -> None:
    web = Documents(PublicHosts())
    with pytest.raises(NotReached):
        await web.read("https://nobody.invalid/client.json")
    with pytest.raises(NotReached):
        await web.read("https://localhost/client.json")
    await web.aclose()
