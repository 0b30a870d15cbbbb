"""Many clients of many accounts on one process: nothing crosses, piles up, or fails that is not made to."""

import ssl
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from flodesk_mcp.sandbox import Sandbox

from .calls import JSON, account_of, call, result_of
from .serving import serve, serve_in_thread

pytestmark = pytest.mark.anyio

ACCOUNTS = 50
CLIENTS_EACH = 4
WRONG_EACH = 10
MAX_GROWTH_KIB = 24 * 1024
NO_TLS = ssl.SSLContext(
    ssl.PROTOCOL_TLS_CLIENT
)  # reading the certificates would take each client longer than its calls


def open_http(headers: dict[str, str] | None = None, timeout: Any = None, auth: Any = None) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(headers=headers, timeout=60, verify=NO_TLS, limits=httpx2.Limits(max_connections=None))


def text_of(result: Any) -> str:
    assert isinstance(result, CallToolResult)
    assert not result.is_error, result
    return repr(result.structured_content)


class Caller:
    """One client of an account: it reads and writes, and looks that everything is its own."""

    def __init__(self, url: str, number: int, client_number: int) -> None:
        self.url = url
        self.number = number
        self.person = f"person-{number:02d}"
        self.headers = {"X-Flodesk-Api-Key": f"key-{self.person}"}
        self.address = f"{self.person}-{client_number}@example.com"

    async def use_the_sdk(self) -> None:
        """Come with the SDK, every other account over SSE and in the old era."""
        async with open_http(self.headers) as http:
            if self.number % 2:
                client = Client(
                    sse_client(f"{self.url}/sse", self.headers, httpx_client_factory=open_http), mode="legacy"
                )
            else:
                client = Client(streamable_http_client(f"{self.url}/mcp", http_client=http))
            async with client:
                for tool, arguments in self.calls():
                    self.look_at(text_of(await client.call_tool(tool, arguments)))
                self.look_at(repr(await client.read_resource(f"flodesk://segments/segment-{self.person}")))

    async def use_plain_requests(self, http: httpx2.AsyncClient) -> None:
        """Come with nothing but HTTP, which costs the machine of the test less."""
        for tool, arguments in self.calls():
            answer = await http.post(f"{self.url}/mcp", json=call(tool, **arguments), headers=self.headers | JSON)
            result = result_of(answer)
            assert not result["isError"], result
            self.look_at(repr(result))

    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        return [
            ("list_all_flodesk_segments", {}),
            ("create_a_flodesk_subscriber", {"email": self.address, "segment_ids": [f"Friends of {self.person}"]}),
            ("list_all_flodesk_subscribers", {"limit": 100}),
        ]

    def look_at(self, seen: str) -> None:
        assert self.person in seen
        assert not [other for other in range(ACCOUNTS) if other != self.number and f"person-{other:02d}" in seen]


async def use_a_wrong_key(url: str, number: int) -> None:
    async with open_http({"X-Flodesk-Api-Key": f"wrong-{number}"} | JSON) as http:
        answer = await http.post(f"{url}/mcp", json=call("list_all_flodesk_segments"))
    assert answer.status_code in {401, 429, 503}  # refused, told to wait, or not to be asked at Flodesk in time


def resident_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0])


async def test_two_hundred_clients_of_fifty_accounts_see_their_own_alone(tmp_path: Path) -> None:
    people = [f"person-{number:02d}" for number in range(ACCOUNTS)]
    flodesk = Sandbox(accounts={f"key-{person}": account_of(person) for person in people})
    resident = []
    with (
        serve_in_thread(flodesk.app) as flodesk_url,
        serve(
            tmp_path / "log", "--auth=headers", FLODESK_AUDIT="writes", FLODESK_BASE_URL=f"{flodesk_url}/v1"
        ) as served,
    ):
        for _ in range(2):
            async with open_http() as http, anyio.create_task_group() as group:
                for number in range(ACCOUNTS):
                    callers = [Caller(served.url, number, client_number) for client_number in range(CLIENTS_EACH)]
                    group.start_soon(callers[0].use_the_sdk)
                    for caller in callers[1:]:
                        group.start_soon(caller.use_plain_requests, http)
                for number in range(WRONG_EACH):
                    group.start_soon(use_a_wrong_key, served.url, number)
            resident.append(resident_kib(served.process.pid))
    assert resident[1] - resident[0] < MAX_GROWTH_KIB
    for person in people:
        own = {f"{person}-{number}@example.com" for number in range(CLIENTS_EACH)}
        assert {subscriber.email for subscriber in flodesk.accounts[f"key-{person}"].subscribers.values()} == own
    log = served.log.read_text(encoding="utf-8")
    assert log.count(" called create_a_flodesk_subscriber on ") == 2 * ACCOUNTS * CLIENTS_EACH
    assert "ERROR" not in log
    assert "person-" not in log
