"""An identity provider of the tests' own."""

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

ISSUER = "https://login.example.com"
AUDIENCE = "https://flodesk.example.com/mcp"
LINKED = "person-1"


class IdentityProvider:
    """Publishes its keys on this machine, and signs what it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.published: list[Any] | None = None
        self._private = {"first": rsa.generate_private_key(public_exponent=65537, key_size=2048)}
        self.app = Starlette(routes=[Route("/jwks", self._jwks)])

    async def _jwks(self, _: Any) -> JSONResponse:
        self.asked += 1
        return JSONResponse({"keys": self.jwks() if self.published is None else self.published})

    def jwks(self) -> list[dict[str, Any]]:
        """The public keys."""
        return [
            {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())), "kid": name, "alg": "RS256"}
            for name, key in self._private.items()
        ]

    def private(self, name: str) -> rsa.RSAPrivateKey:
        return self._private[name]

    def rotate(self, **keys: Any) -> None:
        """Publish `keys` instead of those before."""
        self._private = keys

    def token(self, key: str = "first", private: Any = None, algorithm: str = "RS256", **claims: Any) -> str:
        """Sign claims that are right but for those given; None leaves one out."""
        right = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": LINKED,
            "exp": int(time.time()) + 300,
            "scope": "flodesk:read flodesk:write",
        }
        told = {name: value for name, value in (right | claims).items() if value is not None}
        return jwt.encode(told, private or self._private[key], algorithm=algorithm, headers={"kid": key})

    def public_pem(self) -> bytes:
        return (
            self._private["first"]
            .public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
