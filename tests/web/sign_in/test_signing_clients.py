"""Clients that prove who they are by signed texts, whose keys stand at an address of their description."""

import json
import time
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from .program import PUBLIC_URL, Program
from .published import AGENT, AGENT_CALLBACK, AGENT_KEYS, DOCUMENTS, Published

pytestmark = pytest.mark.anyio

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())


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
    program = Program(server)
    program.client_id = AGENT
    return program


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
