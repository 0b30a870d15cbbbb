"""What programs publish about themselves: the documents of Claude Code and ChatGPT, as published, and others."""

import json
from collections.abc import Callable
from typing import Any

import httpx2

CLAUDE_CODE = "https://claude.ai/oauth/claude-code-client-metadata"
CHATGPT = "https://chatgpt.com/oauth/client.json"
CHATGPT_CALLBACK = "https://chatgpt.com/connector_platform_oauth_redirect"
AGENT = "https://agent.example.com/client.json"
AGENT_CALLBACK = "https://agent.example.com/callback"
AGENT_KEYS = "https://agent.example.com/keys.json"

DOCUMENTS: dict[str, dict[str, Any]] = {
    CLAUDE_CODE: {
        "client_id": CLAUDE_CODE,
        "client_name": "Claude Code",
        "redirect_uris": ["http://localhost/callback", "http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    },
    CHATGPT: {
        "client_id": CHATGPT,
        "client_uri": "https://chatgpt.com/",
        "redirect_uris": [CHATGPT_CALLBACK],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "client_name": "ChatGPT",
        "logo_uri": "https://persistent.oaistatic.com/sonic/misc/openai-logo.png",
        "token_endpoint_auth_signing_alg": "RS256",
        "jwks_uri": "https://chatgpt.com/oauth/jwks.json",
    },
    AGENT: {"client_id": AGENT, "client_name": "An agent", "redirect_uris": [AGENT_CALLBACK]},
}

Answer = Callable[[httpx2.Request], httpx2.Response]


class Published:
    """The web, as far as programs describe themselves there."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self._answers: dict[str, Answer] = {}
        for address, document in DOCUMENTS.items():
            self.publish(address, document)
        self.transport = httpx2.MockTransport(self._answer)

    def publish(self, address: str, document: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Let a document be at an address."""
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        self._answers[address] = lambda _: httpx2.Response(status, headers=headers, content=content)

    def fail(self, address: str, error: Exception) -> None:
        """Let an address not be reached."""

        def answer(_: httpx2.Request) -> httpx2.Response:
            raise error

        self._answers[address] = answer

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.read.append(str(request.url))
        answer = self._answers.get(str(request.url))
        return answer(request) if answer else httpx2.Response(404)
