"""The processes of the comparison: an embedded Flodesk, a bare server in front of it, and ours in each mode."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
from pydantic import SecretStr

from flodesk_mcp.sandbox import Sandbox, sample_account
from flodesk_mcp.store import Store, TokenLimits, new_key
from flodesk_mcp.store.grant_tokens import IssuedTokens
from flodesk_mcp.store.sign_ins import Asked, Granted

__all__ = ["ACCOUNTS", "MODES", "PUBLIC_URL", "TOOL", "callers_of", "run_bare", "run_flodesk", "run_traced", "served"]

ACCOUNTS = 50
MODES = ("headers", "tokens", "sign-in")
TOOL = "list_all_flodesk_segments"
PUBLIC_URL = "https://flodesk.example.com"

ROLES_ELSEWHERE = ("flodesk", "bare", "traced")
KEEP_ALIVE_SECONDS = 30
"""As ours."""


@contextmanager
def served(role: str, **environment: str) -> Iterator[tuple[str, int]]:
    """Serve a role of this module, or flodesk-mcp in a mode, for as long as the block lasts: its address and number."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "flodesk_mcp", "serve", "--port", str(port), "--auth", role]
    if role in ROLES_ELSEWHERE:
        command = [sys.executable, "-m", "benchmarks.hosted", role, str(port)]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("FLODESK_")}
    process = subprocess.Popen(command, env=variables | environment, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                httpx2.get(f"http://127.0.0.1:{port}/healthz")
                break
            except httpx2.TransportError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(20)


def callers_of(mode: str, folder: Path, keys: list[str]) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Return how a request shows each account of `keys` in a mode, and what the server must be told for it."""
    if mode == "headers":
        return [{"X-Flodesk-Api-Key": key} for key in keys], {}
    database_url, sealing = f"sqlite:///{folder}/{mode}.sqlite3", new_key()

    async def prepare() -> list[str]:
        async with Store(database_url, SecretStr(sealing)) as store:
            for key in keys:
                await store.accounts.add(key, "api_key", key)
            return [await (_token if mode == "tokens" else _granted)(store, key) for key in keys]

    told = {"FLODESK_DATABASE_URL": database_url, "FLODESK_ENCRYPTION_KEYS": sealing, "FLODESK_PUBLIC_URL": PUBLIC_URL}
    return [{"Authorization": f"Bearer {token}"} for token in anyio.run(prepare)], told


async def _token(store: Store, account: str) -> str:
    return await store.tokens.create(account, account, TokenLimits())


async def _granted(store: Store, account: str) -> str:
    """Return an access token as a client gets it when a person has said yes on the page."""
    asked = Asked("client", "Bench", "http://127.0.0.1/", True, None, "flodesk:read flodesk:write", "challenge")
    name = await store.sign_ins.begin(asked)
    account_id = (await store.accounts.account(account)).id
    granted = Granted(account_id, "this machine", asked.scopes, "segments,subscribers", "shown")
    code = await store.sign_ins.approve(name, granted)
    issued = await store.grant_tokens.redeem(code or "")
    if not isinstance(issued, IssuedTokens):
        raise TypeError("the code opened nothing")
    return issued.access_token


def run_flodesk(port: int) -> None:
    """Serve an embedded Flodesk with an account for each key."""
    import uvicorn

    keys = [f"key-{number}" for number in range((2 + 2 * len(MODES)) * ACCOUNTS)]
    uvicorn.run(Sandbox(accounts={key: sample_account() for key in keys}).app, port=port, log_level="error")


def run_bare(port: int) -> None:
    """Serve one tool by nothing but the SDK and an HTTP client."""
    import uvicorn
    from mcp.server.mcpserver import MCPServer

    server = MCPServer("bare", log_level="ERROR")
    http = httpx2.AsyncClient(timeout=60)
    calls = iter(range(10**9))

    @server.tool(name=TOOL)
    async def list_all_flodesk_segments() -> dict[str, Any]:
        # Each call as another account, or Flodesk's quota would end the comparison.
        auth = (f"key-{next(calls) % (2 * ACCOUNTS)}", "")
        answer = await http.get(
            f"{os.environ['BENCHMARK_FLODESK']}/segments", params={"page": 1, "per_page": 20}, auth=auth
        )
        result: dict[str, Any] = answer.raise_for_status().json()
        return result

    app = server.streamable_http_app(stateless_http=True)
    uvicorn.run(app, port=port, log_level="error", timeout_keep_alive=KEEP_ALIVE_SECONDS)


def run_traced(port: int) -> None:
    """Serve flodesk-mcp in mode headers with spans that are made, collected and handed to nobody."""
    from collections.abc import Sequence

    from opentelemetry import trace
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

    from flodesk_mcp.cli.commands import cli

    class Nobody(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Nobody()))
    trace.set_tracer_provider(provider)
    cli(["serve", "--port", str(port), "--auth", "headers"])
